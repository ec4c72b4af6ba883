import { expect, test } from 'vitest';
import { docker, startContainer } from '../../test/support/engine.ts';
import { pristine, temporaryDirectory } from './test-support/spawn.ts';

test('lock and unlock say what they did, and exit with 3 where a writer holds a file', async () => {
  await using web = await startContainer();
  await web.sh('mkdir -p /srv /var');
  const env = { PRISTINE_STATE: await temporaryDirectory() };
  expect(await pristine(['lock', web.name, '--allow', '/srv/'], env)).toMatchObject({
    code: 0,
    stdout: `${web.name} is read-only

stays writable:
  /srv  it is allowed
  /dev  it lies in memory; nothing on it can be executed
  /dev/shm  it lies in memory; nothing on it can be executed
`,
  });
  const unlocked = await pristine(['unlock', web.name], env);
  expect(unlocked).toMatchObject({ code: 0 });
  expect(unlocked.stdout).toMatch(/ is unlocked: \d+ mounts as before\n$/);
  expect((await pristine(['unlock', web.name], env)).stdout).toBe(`${web.name} is not locked\n`);

  await docker('exec', '-d', web.id, 'sh', '-c', 'exec 9> "/var/$(printf "l\\033og")"; exec sleep 1000');
  await web.sh('until [ -n "$(ls /var)" ]; do sleep 0.02; done');
  const partial = await pristine(['lock', web.name], env);
  expect(partial.code).toBe(3);
  expect(partial.stdout).toMatch(
    /^\S+ is read-only in part\n.*\n\nnot locked:\n {2}\/ {2}names directly in it .*\n {2}\/var\/l\\x1bog {2}pid \d+ \(\/bin\/busybox\) has it open for writing/,
  );
  const json = await pristine(['lock', web.name, '--json'], env);
  expect(json.code).toBe(3);
  expect(JSON.parse(json.stdout)).toMatchObject({
    container: { id: web.id, name: web.name },
    state: 'partial',
    held: [{ path: '/var/l\x1bog', how: 'descriptor' }],
  });
});

test.each([
  ['/', '--allow / would leave nothing to lock'],
  ['srv', '--allow srv is no plain absolute path'],
  ['/srv/../etc', '--allow /srv/../etc is no plain absolute path'],
  ['//srv', '--allow //srv is no plain absolute path'],
])('lock --allow %s is wrong usage', async (path, message) => {
  const { code, stderr } = await pristine(['lock', 'any', '--allow', path]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
