import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { testState } from '../../../test/support/evidence.ts';

/** Captures in a process of its own, against a commit of the same container, and says what it took. */
const CHILD = `
  import { captureContainer, testEngine } from '${join(import.meta.dirname, '../../../test/support/evidence.ts')}';
  import { createEvidenceStore } from '${join(import.meta.dirname, '../index.ts')}';
  const [, state, id, repetitions, withCommit] = process.argv;
  const engine = await testEngine(state);
  const store = createEvidenceStore(state, { clock: { now: () => new Date() } });
  await store.prefetchImage(engine, (await engine.inspect(id)).imageId);
  const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1];
  const [commits, captures] = [[], []];
  let last;
  for (let i = 0; i < Number(repetitions); i++) {
    let start = performance.now();
    // Never of what is sparse: the engine writes holes out.
    if (withCommit === 'true') {
      const image = await engine.commit(id, {});
      commits.push(performance.now() - start);
      await engine.removeImage(image);
    }
    start = performance.now();
    last = await captureContainer(id, state, { engine, frozen: true });
    captures.push(performance.now() - start);
  }
  const rss = process.resourceUsage().maxRSS * 1024;
  const start = performance.now();
  const { ok, problems } = await store.verifySealed(last.bundle);
  const verifyMs = performance.now() - start;
  console.log(JSON.stringify({
    commitMs: median(commits), captureMs: median(captures), verifyMs, rss, ok, problems: problems.slice(0, 5),
    layer: last.manifest.items.find(({ path }) => path === 'items/upper-layer.tar').size,
    omissions: last.manifest.omissions,
  }));`;

async function measure(suspect: TestContainer, repetitions: number, withCommit = false) {
  using state = testState();
  const given = [state.path, suspect.id, String(repetitions), String(withCommit)];
  const args = ['--input-type=module-typescript', '-e', CHILD, ...given];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = JSON.parse(stdout);
  const { omissions, ...figures } = result;
  console.log(figures, omissions.slice(0, 12));
  expect(result).toMatchObject({ ok: true, problems: [] });
  return result;
}

test('a small incident is captured in at most 1.5 times the time of a commit', async () => {
  await using suspect = await startContainer();
  await suspect.sh('echo loot > /loot; cp /bin/busybox /tmp/evil; /tmp/evil sleep 600 & sleep 0.1');
  const { captureMs, commitMs } = await measure(suspect, 20, true);
  expect(captureMs).toBeLessThan(1.5 * commitMs);
});

/** What the disk itself takes, in MB/s: a bundle is on disk at its end. */
function diskSpeed(): number {
  using state = testState();
  const start = performance.now();
  execFileSync('dd', ['if=/dev/zero', 'of=file', 'bs=1M', 'count=1000', 'conv=fdatasync'], {
    cwd: state.path,
    stdio: 'pipe',
  });
  return 1_048_576 / (performance.now() - start);
}

test('an upper layer of 1 GB is captured at 150 MB/s, or as fast as the disk, with less than 200 MB of memory', async () => {
  await using suspect = await startContainer();
  await suspect.sh(
    'mkdir /d; for i in 1 2 3 4 5 6 7 8 9 10; do dd if=/dev/urandom of=/d/$i bs=1M count=100 2>/dev/null; done; sync',
  );
  const { captureMs, layer, rss } = await measure(suspect, 1);
  const [speed, disk] = [layer / captureMs / 1000, diskSpeed()];
  console.log(`${speed.toFixed(0)} MB/s, ${rss >> 20} MiB; the disk writes ${disk.toFixed(0)} MB/s`);
  expect(speed).toBeGreaterThan(Math.min(150, 0.7 * disk));
  expect(rss).toBeLessThan(200 << 20);
});

test('200,000 small files and 50 GB of holes are captured in bounded memory', async () => {
  await using suspect = await startContainer();
  await suspect.sh(`
    truncate -s 50G /holes; for d in $(seq 1 200); do mkdir -p /many/$d; done
    cd /many; for d in $(seq 1 200); do (cd $d; seq 1 1000 | xargs touch); done; echo last > /many/200/1000`);
  const { captureMs, rss, omissions } = await measure(suspect, 1);
  console.log(`${((200_000 / captureMs) * 1000).toFixed(0)} files/s, ${rss >> 20} MiB`);
  expect(rss).toBeLessThan(400 << 20);
  expect(omissions).toContainEqual(expect.stringContaining('in no order'));
  expect(omissions).toContainEqual(expect.stringContaining('/holes is not in the evidence image'));
});

test('directories nested without end, and files that change while they are read, end a capture well', async () => {
  await using suspect = await startContainer();
  await suspect.sh(`
    i=0; while [ $i -lt 3000 ]; do mkdir dddddddddddd && cd -P dddddddddddd; i=$((i+1)); done
    cd /; (while :; do echo more >> /grows; : > /shrinks; dd if=/dev/zero of=/shrinks bs=64k count=50 2>/dev/null; done) &
    (while :; do mv /x /y 2>/dev/null; mv /y /x 2>/dev/null || mkdir /x; done) & sleep 0.2`);
  const { omissions } = await measure(suspect, 3);
  expect(omissions).toContainEqual(expect.stringMatching(/too long to keep/));
});

test('a gigabyte of output is read up to its bound, in bounded memory', async () => {
  await using suspect = await startContainer({
    // Long lines: the engine writes a record for each.
    command: ['sh', '-c', 'yes $(seq 4000 | tr -d "\\n") | head -c 1200000000; sleep 600'],
  });
  await suspect.sh('until pidof sleep; do sleep 1; done');
  const { rss, omissions } = await measure(suspect, 1);
  expect(rss).toBeLessThan(240 << 20);
  expect(omissions).toContainEqual(expect.stringContaining('The output is longer than'));
});
