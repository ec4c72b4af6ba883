/** A container that makes files faster than anybody looks at them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Drift } from '../src/contract/index.ts';
import { startContainer } from './support/engine.ts';
import { pristineJson, RunningGuard, temporaryState } from './support/guard.ts';
import { figuresOf } from './support/process-figures.ts';

const FOLDERS = 60;
const FILES_A_FOLDER = 1000;

/** Makes the files of all folders, then deletes every other folder's. */
const FLOOD = `for folder in $(seq ${FOLDERS}); do
  mkdir -p /flood/$folder; for file in $(seq ${FILES_A_FOLDER}); do echo $file > /flood/$folder/$file; done
done; for folder in $(seq 1 2 ${FOLDERS}); do rm -r /flood/$folder; done`;

/** What the guard may take beyond what it had when nothing happened. */
const MOST_BYTES_MORE = 300 << 20;
const QUIET_MS = 4000;

test.each([
  ['is expected', ['--label', 'pristine.allow=/flood/**']],
  ['is found suspicious', []],
])(
  '60,000 files, of which half stay, do not fill the memory, and none is missed; each %s',
  async (_, options) => {
    using state = temporaryState();
    await using container = await startContainer({ options });
    await using guard = new RunningGuard(state.path, [container.name]);
    await guard.waitFor('ready');
    await sleep(QUIET_MS);
    const idle = figuresOf(guard.pid).peak;

    await container.sh(FLOOD);
    // What is made last is judged last.
    await container.sh('echo "<?php system(\\$_GET[1]);" > /end.php');
    await guard.waitFor('finding', ({ finding }) => finding.path === '/end.php', { withinMs: 90_000 });
    for (let seen = -1; seen !== guard.events.length; await sleep(QUIET_MS)) seen = guard.events.length;
    const more = figuresOf(guard.pid).peak - idle;
    console.error(`flood: ${more >> 20} MB over ${idle >> 20} MB`);

    if (options.length > 0) {
      const { drift } = await pristineJson<{ drift: Drift }>(state.path, 'diff', container.name);
      const told = new Map<string, string | undefined>();
      for (const event of guard.events)
        if (event.type === 'change') told.set(event.change.path, event.change.after?.inode);
      const flooded = drift.changes.filter(({ path }) => path.startsWith('/flood/'));
      expect(flooded.length).toBe((FOLDERS / 2) * (FILES_A_FOLDER + 1));
      expect(flooded.filter(({ path, after }) => told.get(path) !== after?.inode)).toEqual([]);
    }
    expect(more).toBeLessThan(MOST_BYTES_MORE);
  },
  300_000,
);
