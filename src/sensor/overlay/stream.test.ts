import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { setXattr } from '../../../test/support/set-xattr.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import type { Change } from '../../contract/index.ts';
import type { StreamOptions } from '../port.ts';
import { Hasher } from './hash.ts';
import { openLayers } from './layers.ts';
import { Pacer } from './pacer.ts';
import { createOverlayReader } from './reader.ts';
import { walk } from './walk.ts';

const reader = createOverlayReader();
const quick = { hash: false, maxHashBytes: 0 };

async function all(container: string, options: StreamOptions): Promise<Change[][]> {
  const batches: Change[][] = [];
  for await (const batch of reader.scanStream(await watchTarget(container), options))
    batches.push([...batch]);
  return batches;
}

function byPath(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

test('batches hold what the whole scan does', async () => {
  await using container = await startContainer();
  await container.sh(
    'mkdir /d && for i in $(seq 2500); do : > /d/$i; done; echo x > /bin/new; chmod 700 /bin',
  );
  const batches = await all(container.id, quick);
  expect(batches.map(({ length }) => length)).toEqual([1000, 1000, 503]);
  const { changes } = await reader.scan(await watchTarget(container.id), quick);
  expect(byPath(batches.flat())).toEqual(changes);
});

test('a directory of too many directories is gone through in parts, each once', async () => {
  await using container = await startContainer();
  await container.sh('mkdir /d && cd /d && seq 3000 | xargs mkdir && echo x > 1/f && echo x > 3000/f');
  using layers = openLayers(await watchTarget(container.id));
  const pacer = new Pacer();
  const looking = {
    prefix: layers.container.prefix,
    hasher: new Hasher(quick, pacer),
    pacer,
    origins: false,
    attributes: true,
    mostPending: 10,
  };
  const paths: string[] = [];
  for await (const batch of walk(layers, looking)) paths.push(...batch.map(({ change }) => change.path));
  expect(paths.length).toBe(new Set(paths).size);
  expect(paths.filter((path) => path.startsWith('/d/')).length).toBe(3002);
});

test('what is known is left out, and what lies below it is not', async () => {
  await using container = await startContainer();
  await container.sh('mkdir /d && echo 1 > /d/a && echo 2 > /d/b && rm /bin/cat');
  const asked: string[] = [];
  const batches = await all(container.id, {
    ...quick,
    isKnown: (path, kind, after) => {
      asked.push(`${kind} ${path} ${after?.size ?? 'gone'}`);
      return path !== '/d/b';
    },
  });
  expect(batches.flat().map(({ path }) => path)).toEqual(['/d/b']);
  expect(asked).toEqual(expect.arrayContaining(['A /d/a 2', 'A /d/b 2', 'D /bin/cat gone']));
});

test('without attributes they are left out of what was added', async () => {
  await using container = await startContainer();
  await container.sh('echo 1 > /a');
  const { pid } = await watchTarget(container.id);
  setXattr(`/proc/${pid}/root/a`, 'trusted.x', Buffer.from('y'));
  const of = async (options: StreamOptions) =>
    (await all(container.id, options)).flat().find(({ path }) => path === '/a')?.after?.xattrs;
  expect(await of({ ...quick, attributes: false })).toBe(undefined);
  expect(await of(quick)).toEqual({ 'trusted.x': Buffer.from('y').toString('base64') });
});

test('a store through a memory mapping that is still held is seen', async () => {
  await using container = await startContainer({ image: 'debian:bookworm-slim' });
  const [mmap, read] = process.arch === 'arm64' ? [222, 63] : [9, 0];
  // read(2) into a shared mapping is a store through it; the mapping lives as long as perl.
  const program = `open(F, "+<", "/m"); open(I, "<", "/in");
    my $at = syscall(${mmap}, 0, 4096, 3, 1, fileno(F), 0); syscall(${read}, fileno(I), $at, 4);
    open(D, ">", "/done"); sleep 60;`;
  await container.sh(`echo before > /m; echo evil > /in; perl -e '${program}' >/dev/null 2>&1 &`);
  const thorough = { hash: true, maxHashBytes: 1 << 20 };
  for (let tries = 0; tries < 100; tries++) {
    if ((await reader.examine(await watchTarget(container.id), '/done', quick)) !== null) break;
    await sleep(50);
  }
  const found = (await all(container.id, thorough)).flat().find(({ path }) => path === '/m');
  expect(found?.after?.sha256).toBe(createHash('sha256').update('evilre\n').digest('hex'));
});
