/**
 * Everything at once: 100,000 files are made and half of them deleted, 50 programs start each second, and now and
 * then one that was dropped. The guard must refuse each of those, and in the end know what is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ensureServiceImage } from '../range/index.ts';
import type { Drift } from '../src/contract/index.ts';
import { startContainer } from './support/engine.ts';
import { pristineJson, RunningGuard, temporaryState } from './support/guard.ts';
import { figuresOf, guardProcesses } from './support/process-figures.ts';

const FOLDERS = 100;
const FILES_A_FOLDER = 1000;
const PROGRAMS_A_SECOND = 50;

/** Makes 1,000 files in each of 100 folders, and deletes those with an odd number. */
const MAKE = `folder=0; while [ $folder -lt ${FOLDERS} ]; do
  mkdir -p /storm/$folder; cd /storm/$folder; file=0; odd=
  while [ $file -lt ${FILES_A_FOLDER} ]; do
    echo $file > $file; file=$((file+1)); echo $file > $file; odd="$odd $file"; file=$((file+1))
  done
  rm $odd; folder=$((folder+1))
done; touch /run/made`;

/** Starts programs of the image until the files are made, a hundred at a time to keep the rate; prints how many. */
const PROGRAMS = `started=0; began=$(date +%s%N)
until [ -e /run/made ]; do
  /bin/true; started=$((started+2)); ahead=$((began / 1000000 + started * 1000 / ${PROGRAMS_A_SECOND} - $(date +%s%N) / 1000000))
  [ $ahead -lt 100 ] || { sleep 0.1; started=$((started+1)); }
done; echo $started`;

/** Drops a program of its own name and runs it, about twice a second; prints how many were tried, and which ran. */
const DROP = `tried=0; until [ -e /run/made ]; do
  cp /bin/echo /tmp/dropped-$tried; /tmp/dropped-$tried ran 2>/dev/null; tried=$((tried+1)); sleep 0.4
done; echo $tried`;

/** No change was told for so long: the guard has seen all. */
const QUIET_MS = 4000;

/** Most memory that the processes may have used; a storm of any size takes no more. */
const MOST_BYTES = { guard: 400 << 20, enforcer: 160 << 20 };

test('a storm of files and programs hides nothing, and does not fill the memory', async () => {
  const { reference } = await ensureServiceImage({
    name: 'storm',
    dockerfile: 'FROM debian:bookworm-slim\n',
  });
  using state = temporaryState();
  await using container = await startContainer({
    image: reference,
    options: ['--label', 'pristine.allow=/storm/**'],
  });
  await using guard = new RunningGuard(state.path, [container.name, '--mode', 'protect']);
  await guard.waitFor('ready');
  const { enforcer } = guardProcesses(guard.pid);
  if (enforcer === null) throw new Error('the guard has no enforcer');

  const began = performance.now();
  const [, programs, dropped] = await Promise.all(
    [MAKE, PROGRAMS, DROP].map((script) => container.sh(script)),
  );
  const stormSeconds = (performance.now() - began) / 1000;
  await untilQuiet(guard);
  const settledSeconds = (performance.now() - began) / 1000;

  const tried = Number(dropped?.split('\n').at(-1));
  const peaks = { guard: figuresOf(guard.pid).peak, enforcer: figuresOf(enforcer).peak };
  console.error(
    `storm: ${FOLDERS * FILES_A_FOLDER} files in ${stormSeconds.toFixed(1)} s, ${Math.round(Number(programs) / stormSeconds)} programs a second, ` +
      `${tried} dropped and refused; all told after ${settledSeconds.toFixed(1)} s; ` +
      `at most ${peaks.guard >> 20} MB in the guard, ${peaks.enforcer >> 20} MB in its enforcer`,
  );
  expect(dropped).toBe(String(tried)); // nothing said that it ran
  const denied = new Set(guard.events.flatMap((event) => (event.type === 'denied' ? [event.path] : [])));
  expect([...denied].sort()).toEqual(Array.from({ length: tried }, (_, i) => `/tmp/dropped-${i}`).sort());

  const { drift } = await pristineJson<{ drift: Drift }>(state.path, 'diff', container.name);
  const there = new Map(drift.changes.map((change) => [change.path, change]));
  expect([...there.keys()].filter((path) => path.startsWith('/storm/')).length).toBe(
    FOLDERS + (FOLDERS * FILES_A_FOLDER) / 2,
  );
  const known = lastTold(guard);
  const missed = [...there.values()].filter(
    ({ path, after }) => ![after?.inode, FOUND].includes(known.get(path) ?? 'untold') && !denied.has(path),
  );
  expect(missed.map(({ path }) => path)).toEqual([]);
  // Of what was told and is not there, all was deleted: by the storm itself.
  const gone = [...known.keys()].filter((path) => !there.has(path));
  expect(gone.filter((path) => !/^\/storm\/\d+\/\d*[13579]$/.test(path))).toEqual([]);

  expect(Number(programs) / stormSeconds).toBeGreaterThan(PROGRAMS_A_SECOND / 2);
  expect(peaks.guard).toBeLessThan(MOST_BYTES.guard);
  expect(peaks.enforcer).toBeLessThan(MOST_BYTES.enforcer);
}, 600_000);

/** In the place of an inode, which findings do not name. */
const FOUND = 'found';

/** The inode of each path as the guard told it last. */
function lastTold(guard: RunningGuard): Map<string, string | undefined> {
  const told = new Map<string, string | undefined>();
  for (const event of guard.events) {
    if (event.type === 'change') told.set(event.change.path, event.change.after?.inode);
    if (event.type === 'finding') told.set(event.finding.path, FOUND);
  }
  return told;
}

async function untilQuiet(guard: RunningGuard): Promise<void> {
  for (let seen = -1; seen !== guard.events.length; await sleep(QUIET_MS)) seen = guard.events.length;
}
