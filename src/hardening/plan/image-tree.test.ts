import { afterAll, expect, test } from 'vitest';
import { BUSYBOX, docker, startContainer, testLabel } from '../../../test/support/engine.ts';
import { findEngine } from '../../engine/index.ts';
import { run } from '../../host/index.ts';
import { imageTree, readImageTree } from './image-tree.ts';

const images: string[] = [];
afterAll(async () => {
  for (const image of images.reverse()) await run('docker', ['rmi', '-f', image]);
});

/** Makes an image with one more layer. */
async function layered(from: string, script: string): Promise<string> {
  await using container = await startContainer({ image: from });
  await container.sh(script);
  const [label = '', value = ''] = testLabel().split('=');
  const id = await docker('commit', '--change', `LABEL ${label}=${value}`, container.id);
  images.push(id);
  return id;
}

test('an image is read as its layers merge, and its links lead nowhere else', async () => {
  const first = await layered(
    BUSYBOX,
    'mkdir -p /a/gone /a/again /run /var; echo 1 >/a/gone/x; echo 1 >/a/again/x; chmod 2750 /run; chown 26:27 /run; ln -s ../run /var/run; ln -s /etc/../../a /link; ln -s loop /loop',
  );
  const second = await layered(first, 'rm -r /a/gone /a/again; mkdir /a/again; echo 12345 >/a/again/y');
  await using container = await startContainer({ image: second });
  await container.sh('echo drift >/a/drift');
  const engine = await findEngine({ env: process.env, stateDirectory: '/nowhere' });
  const tree = await readImageTree(await engine.inspect(container.id));

  expect(tree.list('/a').map(({ path }) => path)).toEqual(['/a/again']);
  expect(tree.list('/a/again')).toMatchObject([{ path: '/a/again/y', type: 'file', size: 6 }]);
  expect(tree.entry('/run')).toMatchObject({ type: 'dir', uid: 26, gid: 27, mode: 0o2750 });
  expect(tree.entry('/var/run')).toMatchObject({ type: 'symlink', target: '../run' });
  expect(tree.resolve('/var/run/x.pid')).toBe('/run/x.pid');
  expect(tree.resolve('/link/again/y')).toBe('/a/again/y');
  expect(tree.resolve('/link')).toBe('/link');
  expect(tree.entry('/a/drift')).toBeNull();
});

test('links that lead in a circle end', () => {
  const link = (path: string, target: string) =>
    ({ path, type: 'symlink', uid: 0, gid: 0, mode: 0o777, size: 1, target }) as const;
  const tree = imageTree([link('/a', '/b'), link('/b', 'a')]);
  expect(tree.resolve('/a/x')).toMatch(/x$/);
});
