import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startContainer } from '../../test/support/engine.ts';
import { watchTarget } from '../../test/support/watch-target.ts';
import { run } from '../host/index.ts';
import { hostChecks } from './host-checks.ts';

const directory = mkdtempSync(join(tmpdir(), 'pristine-checks-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const descriptors = () => readdirSync('/proc/self/fd').length;

test.runIf(process.getuid?.() === 0)(
  'root on this host has what the sensor needs, and nothing is left',
  async () => {
    const before = descriptors();
    const checks = await hostChecks(directory);
    expect(checks.filter(({ ok, neededFor }) => !ok && neededFor === 'events')).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
    expect(descriptors()).toBe(before);
  },
);

test('overlay identity is tried on a running container', async () => {
  await using container = await startContainer();
  const upper = (await watchTarget(container.id)).overlay?.upper ?? '';
  const checks = await hostChecks(join(upper, '..'));
  expect(checks.find(({ id }) => id === 'overlay-handles')?.detail).toContain(join(upper, '..', 'merged'));
});

test('a directory that cannot be used fails the checks that use it, not the others', async () => {
  const checks = await hostChecks('/proc/self/nowhere');
  const failed = checks.filter(({ ok }) => !ok).map(({ id }) => id);
  expect(failed).toEqual(
    expect.arrayContaining(['fanotify', 'file-handles', 'openat2', 'permission-events']),
  );
  expect(failed).not.toContain('kernel');
  expect(
    checks.every(({ detail, fallback, title }) => detail !== '' && fallback !== '' && title !== ''),
  ).toBe(true);
});

test.runIf(process.getuid?.() === 0)('without root each check says what is missing', async () => {
  const script = `
    import { hostChecks } from ${JSON.stringify(join(import.meta.dirname, 'host-checks.ts'))};
    console.log(JSON.stringify(await hostChecks('/tmp')));
  `;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stdout } = await run('setpriv', ['--reuid', '65534', '--clear-groups', ...node]);
  const checks: Awaited<ReturnType<typeof hostChecks>> = JSON.parse(stdout);
  const found = Object.fromEntries(checks.map(({ id, ok, detail }) => [id, ok ? 'ok' : detail]));
  expect(found).toMatchObject({
    kernel: 'ok',
    capabilities: expect.stringContaining('CAP_SYS_ADMIN'),
    fanotify: expect.stringContaining('EPERM'),
    'file-handles': expect.stringContaining('EPERM'),
    openat2: 'ok',
    'permission-events': expect.stringContaining('EPERM'),
  });
});
