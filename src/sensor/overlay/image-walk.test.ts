import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer, testLabel } from '../../../test/support/engine.ts';
import { setXattr } from '../../../test/support/set-xattr.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import { type ImageFile, walkImage } from './image-walk.ts';

/** cap_net_raw=ep, as struct vfs_ns_cap_data of revision 2. */
const NET_RAW = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const image = `pristine-test-walk:${randomBytes(4).toString('hex')}`;
const files = new Map<string, ImageFile>();

beforeAll(async () => {
  {
    await using first = await startContainer();
    await first.sh(
      'mkdir -p /h/gone /h/opaque /h/many; echo 1 >/h/deleted; echo 1 >/h/gone/f; echo 1 >/h/opaque/old; echo 12 >/h/changed; for i in $(seq 3000); do : >/h/many/$i; done',
    );
    await docker('commit', '--change', `LABEL ${testLabel()}`, first.id, image);
  }
  {
    await using second = await startContainer({ image });
    await second.sh(
      'rm -r /h/deleted /h/gone /h/opaque; mkdir /h/opaque; echo 2 >/h/opaque/new; echo 1234 >/h/changed; cd /h; mkfifo fifo; ln -s loop loop; ln -s / root; ln -s /etc/shadow shadow; nc -lU /h/socket & sleep 0.2; mknod zero c 1 5; echo x >su; chmod 4755 su; echo x >cap; chmod 755 cap; ln su su2; echo x >"$(printf \'e\\033]0;x\\007\')"',
    );
    const pid = await docker('inspect', '-f', '{{.State.Pid}}', second.id);
    setXattr(`/proc/${pid}/root/h/cap`, 'security.capability', NET_RAW);
    // As a layer that deletes what no layer below has: a registry may hand it out, a container cannot make it.
    const upper = await docker('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', second.id);
    await second.sh('mkdir /h/solo; echo x >/h/solo/kept');
    execFileSync('mknod', [`${upper}/h/solo/whiteout`, 'c', '0', '0']);
    await docker('commit', second.id, image);
  }
  await using third = await startContainer({ image });
  await third.sh('echo x >/h/not-in-the-image; rm /h/su2');
  for await (const batch of walkImage(await watchTarget(third.id)))
    for (const file of batch) files.set(file.path, file);
}, 60_000);
afterAll(() => docker('image', 'rm', '-f', image));

test('a walk sees what the layers merge to, and nothing of the container', () => {
  expect(files.get('/h/changed')?.status.size).toBe(5);
  expect(files.has('/h/solo/kept')).toBe(true);
  expect(files.get('/h/opaque/new')?.status.type).toBe('file');
  const absent = [
    '/h/deleted',
    '/h/gone',
    '/h/gone/f',
    '/h/opaque/old',
    '/h/not-in-the-image',
    '/h/solo/whiteout',
  ];
  expect(absent.filter((path) => files.has(path))).toEqual([]);
  expect([...files.keys()].filter((path) => path.startsWith('/h/many/')).length).toBe(3000);
  expect(files.get('/h/su2')?.status).toMatchObject({ mode: 0o4755, links: 2 });
});

test('a walk follows no link, opens no FIFO, and names everything as it is', () => {
  const types = ['fifo', 'loop', 'root', 'shadow', 'zero'].map(
    (name) => files.get(`/h/${name}`)?.status.type,
  );
  expect(types).toEqual(['fifo', 'symlink', 'symlink', 'symlink', 'char']);
  expect([...files.keys()].filter((path) => path.startsWith('/h/root/'))).toEqual([]);
  expect(files.has('/h/e\u001b]0;x\u0007')).toBe(true);
});

test('a walk decodes file capabilities', () => {
  expect(files.get('/h/cap')?.capabilities).toBe('cap_net_raw=ep');
  expect(files.get('/h/su')?.capabilities).toBe(null);
});
