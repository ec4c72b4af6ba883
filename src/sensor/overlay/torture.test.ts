import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestContainer } from '../../../test/support/engine.ts';
import { docker } from '../../../test/support/engine.ts';
import { removeTortureImage, startTortureContainer } from '../../../test/support/torture.ts';
import { TORTURE_CASES } from '../../../test/support/torture-cases.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import { type Change, type Drift, driftSchema } from '../../contract/index.ts';
import { dockerDiff } from '../../drift/docker-format.ts';
import { decodePathBytes, encodePathBytes } from '../../kernel/index.ts';
import { createOverlayReader } from './reader.ts';

const reader = createOverlayReader();
const thorough = { hash: true, maxHashBytes: 1 << 30 };
let container: TestContainer;
let drift: Drift;

beforeAll(async () => {
  container = await startTortureContainer();
  drift = await reader.scan(await watchTarget(container.id), thorough);
});
afterAll(async () => {
  await container?.[Symbol.asyncDispose]();
  await removeTortureImage();
});

const sorted = (lines: string) => lines.split('\n').sort();

async function dockerSays(): Promise<string[]> {
  return sorted(await docker('diff', container.id));
}

describe('dockerDiff', () => {
  test('is what docker diff prints of a running container', async () => {
    expect(sorted(dockerDiff(drift).join('\n'))).toEqual(await dockerSays());
  });

  test('needs no hashes', async () => {
    const unhashed = await reader.scan(await watchTarget(container.id), { ...thorough, hash: false });
    expect(dockerDiff(unhashed).sort()).toEqual(dockerDiff(drift).sort());
  });

  test('is the same of a paused and of a stopped one', async () => {
    await docker('pause', container.id);
    const paused = await reader.scan(await watchTarget(container.id), thorough);
    expect(sorted(dockerDiff(paused).join('\n'))).toEqual(await dockerSays());
    await docker('unpause', container.id);
    await docker('kill', container.id);
    const target = await watchTarget(container.id);
    expect(target.pid).toBe(null);
    const stopped = await reader.scan(target, thorough);
    expect(stopped.changes).toEqual(drift.changes);
    expect(sorted(dockerDiff(stopped).join('\n'))).toEqual(await dockerSays());
  });
});

describe('the drift of', () => {
  test.each(Object.entries(TORTURE_CASES))('%s', (name, { expect: expected }) => {
    const folder = `/t/${name}`;
    const found = drift.changes.filter(({ path }) => path.startsWith(`${folder}/`));
    expect(Object.fromEntries(found.map((change) => describeChange(change, folder)))).toEqual(expected);
  });

  test('mountpoints is marked, and nothing else is', () => {
    const marked = drift.changes.filter(({ mountpoint }) => mountpoint).map(({ path }) => path);
    expect(marked).toEqual(['/t/volume', '/t/volume/made', '/t/volume/made/here']);
  });

  test('nothing else is listed', () => {
    const others = drift.changes.filter(({ path }) => !/^\/t\/[^/]+/.test(path));
    expect(others).toEqual([]);
  });

  test('the whole has the shape that the contract promises', () => {
    expect(driftSchema.parse(JSON.parse(JSON.stringify(drift)))).toEqual(drift);
    expect(drift.changes.map(({ path }) => path)).toEqual(
      drift.changes
        .map(({ path }) => encodePathBytes(path))
        .sort(Buffer.compare)
        .map(decodePathBytes),
    );
  });

  test('each path by itself is the same as in the scan', async () => {
    const target = await watchTarget(container.id);
    const some = drift.changes.filter(({ path }) => !path.startsWith('/t/many/'));
    for (const { renamedFrom: _, ...change } of some)
      expect(await reader.examine(target, change.path, thorough)).toEqual(change);
  });
});

function describeChange(change: Change, folder: string): [string, string] {
  const words: string[] = [change.kind];
  if (change.identical) words.push('identical');
  if (change.differs.length > 0) words.push(change.differs.join(','));
  if (change.renamedFrom !== undefined) words.push(`<- ${change.renamedFrom.replace(`${folder}/`, '')}`);
  return [change.path.slice(folder.length + 1), words.join(' ')];
}
