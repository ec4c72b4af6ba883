import { execFileSync } from 'node:child_process';
import { constants, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DENIED_CONTAINER, DENIED_INCIDENT, denial } from '../../../test/support/denied.ts';
import { type TestState, testState } from '../../../test/support/evidence.ts';
import { createEvidenceStore, createFrameKeeper } from '../../evidence/index.ts';
import { systemClock } from '../../kernel/index.ts';
import { keepDenied, type Refusal } from './denied-files.ts';

let state: TestState;
let folder: string;
beforeEach(() => {
  state = testState();
  folder = mkdtempSync(join(tmpdir(), 'pristine-denied-'));
});
afterEach(() => {
  state[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const keep = (file: Refusal['file'], limits = {}, signal?: AbortSignal) =>
  keepDenied(
    { frames: createFrameKeeper(state.path, { clock: systemClock, limits }), clock: systemClock },
    { at: 0, denial: denial(), file },
    { incident: DENIED_INCIDENT, container: DENIED_CONTAINER },
    signal,
  );

/** A held file that notes what became of it. */
function held(path: string) {
  const seen = { descriptor: -1, released: 0 };
  const file = {
    open: () => {
      seen.descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      return seen.descriptor;
    },
    release: () => void seen.released++,
  };
  return { seen, file };
}

test('a refusal is told with the hash and size of the file, which is on disk by then, and let go', async () => {
  const path = join(folder, 'x');
  execFileSync('sh', ['-c', 'printf code > "$1"', 'sh', path]);
  const { seen, file } = held(path);
  const kept = await keep(file);
  const digest = '5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b';
  expect(kept).toEqual({ denial: denial({ sha256: digest, size: 4 }), problem: null });
  const store = createEvidenceStore(state.path, { clock: systemClock });
  expect((await store.denied(DENIED_INCIDENT))[0]?.denial).toEqual(kept.denial);
  expect(seen.released).toBe(1);
  expect(() => fstatSync(seen.descriptor)).toThrow('EBADF');
});

test('what cannot be kept is a problem, and the refusal is told all the same', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const { seen, file } = held(join(folder, 'pipe'));
  const problem = { type: 'problem', code: 'E_CAPTURE' };
  expect(await keep(file)).toMatchObject({ denial: denial(), problem });
  expect(seen.released).toBe(1);
  expect(() => fstatSync(seen.descriptor)).toThrow('EBADF');
  let released = 0;
  const gone = { open: () => null, release: () => void released++ };
  expect(await keep(gone)).toMatchObject({ denial: denial(), problem });
  expect(released).toBe(1);
  const failing = {
    open: () => {
      throw new Error('no descriptors left');
    },
    release: () => void released++,
  };
  expect(await keep(failing)).toMatchObject({ denial: denial(), problem: { type: 'problem' } });
  expect(released).toBe(2);
});

test('a repetition has no file, an aborted guard no problem, and a flood one problem', async () => {
  expect(await keep(null)).toEqual({ denial: denial(), problem: null });
  const path = join(folder, 'x');
  execFileSync('sh', ['-c', 'printf code > "$1"', 'sh', path]);
  expect((await keep(held(path).file, {}, AbortSignal.abort())).problem).toBeNull();
  const over = await keep(held(path).file, { incidentFiles: 0 });
  expect(over).toMatchObject({ denial: denial(), problem: { code: 'E_CAPTURE' } });
  expect((await keep(held(path).file, { incidentFiles: 0 })).problem).toBeNull();
});
