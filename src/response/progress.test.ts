import { describe, expect, test } from 'vitest';
import { DEFAULT_RECOVERY } from '../contract/index.ts';
import type { JournalEntry } from '../store/index.ts';
import { hasGivenUp, type Progress, progressOf, sequenceOf, type Way } from './progress.ts';

const frozen = { wasPaused: false, networks: [] };

function decided(way: Way, more: Progress = {}, keepSuspect = '1h'): Progress {
  return {
    decide: { way, readOnly: false, lockFirst: false, recovery: { ...DEFAULT_RECOVERY, keepSuspect } },
    ...more,
  };
}

const entry = (step: JournalEntry['step'], phase: JournalEntry['phase'], data = {}): JournalEntry => ({
  ...{ incidentId: 'inc', at: '', step, phase, data },
});

describe('the steps follow each other', () => {
  test('from a decision', () => {
    expect(sequenceOf({})).toEqual(['decide']);
  });

  test('the replacement before the evidence, when the suspect is frozen first', () => {
    const progress = decided('freeze', {
      freeze: { frozen, order: 'freeze-first', candidate: null, at: '' },
    });
    expect(sequenceOf(progress).join(' ')).toBe(
      'decide lock freeze replace health compare dependents capture verify keep',
    );
  });

  test('the evidence before the replacement, where both would write the same', () => {
    const progress = decided(
      'freeze',
      { freeze: { frozen, order: 'capture-first', candidate: null, at: '' } },
      '0',
    );
    expect(sequenceOf(progress).join(' ')).toBe(
      'decide lock freeze capture verify stop replace health compare dependents remove',
    );
  });

  test('the replacement first of all, and without it the ordinary way', () => {
    const head = (progress: Progress) => sequenceOf(progress).slice(0, 5).join(' ');
    expect(head(decided('start-first', { prepare: { candidate: 'c' } }))).toBe(
      'decide lock prepare redirect freeze',
    );
    expect(head(decided('start-first', { prepare: { candidate: null } }))).toBe(
      'decide lock prepare freeze replace',
    );
    expect(head(decided('standby'))).toBe('decide lock redirect freeze replace');
  });

  test('no replacement for what stays off the network, and no evidence of what nobody suspects', () => {
    expect(sequenceOf(decided('offline')).join(' ')).toBe('decide lock freeze capture verify');
    expect(sequenceOf(decided('repave', { prepare: { candidate: 'c' } })).join(' ')).toBe(
      'decide prepare redirect stop replace health compare dependents remove',
    );
  });
});

describe('a journal', () => {
  test('says what the finished steps have left, but not those that were undone', () => {
    const journal = [
      entry('freeze', 'intent'),
      entry('freeze', 'done', { order: 'freeze-first' }),
      entry('replace', 'done', { id: 'r', name: 'web' }),
      entry('replace', 'undone'),
      entry('health', 'failed'),
    ];
    expect(progressOf(journal)).toEqual({ freeze: { order: 'freeze-first' } });
  });

  test('says whether policy has ended the attempts, until somebody begins anew', () => {
    const journal = [entry('freeze', 'undone'), entry('decide', 'given-up')];
    expect(hasGivenUp(journal)).toBe(true);
    expect(hasGivenUp([...journal, entry('decide', 'undone')])).toBe(false);
    expect(hasGivenUp([entry('freeze', 'done')])).toBe(false);
  });
});
