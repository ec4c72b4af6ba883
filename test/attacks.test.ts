/** A few attacks of each kind, and what the documentation says of all. The others: attacks.full.test.ts. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ensureAttackImage, makePayload } from './attacks/image.ts';
import { ATTACKS } from './attacks/list/all.ts';
import { attacksPage } from './attacks/page.ts';
import { RACES, runRace } from './attacks/races.ts';
import { PAGE, readResults } from './attacks/record.ts';
import { surprise, tryGuarded, tryUnguarded } from './attacks/trial.ts';
import { startContainer, testLabel } from './support/engine.ts';
import { RunningGuard, temporaryState } from './support/guard.ts';

const SAMPLE = [
  ...['tmp', 'hostile-name', 'etc-hosts', 'volume', 'overwrite-mmap', 'rename-over', 'allowed-link'],
  ...['nameless', 'deep', 'memfd', 'tmpfs-later', 'ld-so', 'ld-preload', 'sh-stdin', 'python-module'],
  ...['web-shell', 'cat-pipe', 'before-program'],
];
const QUICK_RACES = ['write', 'replace', 'symlink', 'preload-mmap'];
const attacks = ATTACKS.filter(({ id }) => SAMPLE.includes(id));

describe('attacks', () => {
  test('work where nobody guards', async () => {
    const results = await tryUnguarded(attacks, 1);
    const failed = [...results].filter(([, { attempts, wins }]) => wins < attempts);
    expect(failed).toEqual([]);
    expect(results.size).toBe(SAMPLE.length);
  });

  test('come out under protection as expected', { timeout: 180_000 }, async () => {
    const results = await tryGuarded(attacks, 3);
    const surprises = attacks.map((attack) => {
      const result = results.get(attack.id);
      return result === undefined ? `${attack.id}: not tried` : surprise(attack, undefined, result);
    });
    expect(surprises.filter((text) => text !== null)).toEqual([]);
  });
});

describe('races', () => {
  test('are not won under protection', { timeout: 120_000 }, async () => {
    const image = await ensureAttackImage();
    const payload = await makePayload(image, testLabel());
    await using container = await startContainer({ image, command: ['sleep', 'infinity'] });
    using state = temporaryState();
    await using guard = new RunningGuard(state.path, [container.name, '--mode', 'protect']);
    await guard.waitFor('ready');
    for (const [index, race] of RACES.entries()) {
      if (!QUICK_RACES.includes(race.variant)) continue;
      const firstVictim = 1 + index * 1000;
      const { wins } = await runRace(race, container.name, payload, { attempts: 300, firstVictim });
      expect(wins, race.variant).toBe(0);
    }
    expect(await guard.stop()).toBe(0);
  });
});

describe('docs/attacks.md', () => {
  // When this fails: node scripts/write-attacks.ts
  test('is what the list and the recorded results say', () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(attacksPage(readResults()));
  });

  test('has a recorded result for every attack and race', () => {
    const { attacks: recorded, races } = readResults();
    expect(Object.keys(recorded).sort()).toEqual(ATTACKS.map(({ id }) => id).sort());
    expect(Object.keys(races).sort()).toEqual(RACES.map(({ variant }) => variant).sort());
  });

  test('was recorded with no win of what is to be denied', () => {
    const { attacks: recorded, races } = readResults();
    const denied = ATTACKS.filter(({ expected }) => expected === 'denied');
    expect(denied.filter(({ id }) => recorded[id]?.wins !== 0).map(({ id }) => id)).toEqual([]);
    expect(Object.values(races).filter(({ wins }) => wins > 0)).toEqual([]);
  });
});
