import { expect, test } from 'vitest';
import { docker, startContainer } from '../../test/support/engine.ts';
import { auditReportSchema } from '../contract/index.ts';
import { pristine } from './test-support/spawn.ts';

const HARDENED = [
  ...['--read-only', '--user', '33:33', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
  ...['--memory', '64m', '--pids-limit', '50'],
];

test('audit prints facts, items, what to do and the arithmetic, and exits with 3', async () => {
  await using web = await startContainer({ options: ['-e', 'API_TOKEN=hunter2'] });
  const { code, stdout } = await pristine(['audit', web.name]);
  expect(code).toBe(3);
  expect(stdout).toMatch(/^ {2}user {10}none set \(root\)$/m);
  expect(stdout).toMatch(/^capabilities +5\.4 +-10 /m);
  expect(stdout).toMatch(/^ {2}memory +Set --memory\.$/m);
  expect(stdout).toMatch(/^Grade [DF]: 100 - 15 \(user\) .* = \d+: [DF]\./m);
  expect(stdout).toContain('not watched');
  expect(stdout).not.toContain('hunter2');
});

test('--fail-below decides by the grade alone', async () => {
  await using safe = await startContainer({ options: HARDENED });
  expect((await pristine(['audit', safe.name])).code).toBe(3);
  expect((await pristine(['audit', safe.name, '--fail-below', 'A'])).code).toBe(0);
  await using web = await startContainer();
  expect((await pristine(['audit', web.name, safe.name, '--fail-below', 'C'])).code).toBe(3);
});

test('--json follows the schema, and a name that does not exist is an error', async () => {
  await using web = await startContainer({ start: false });
  const { stdout } = await pristine(['audit', '--json', web.name, web.id]);
  const { containers } = auditReportSchema.parse(JSON.parse(stdout));
  expect(containers.map(({ container, status }) => [container.id, status])).toEqual([[web.id, 'created']]);
  expect((await pristine(['audit', 'no-such-container'])).code).toBe(1);
});

test('names of a hostile image are made printable', async () => {
  await using web = await startContainer();
  await web.sh('f=/"$(printf "\\033]0;x\\007")"; cp /bin/busybox "$f"; chmod 4755 "$f"');
  const image = await docker('commit', web.id);
  try {
    await using hostile = await startContainer({ image });
    for (const args of [[], ['--json'], ['--sarif']]) {
      const { stdout } = await pristine(['audit', hostile.name, ...args]);
      expect(stdout).not.toMatch(/[\u001b\u0007]/);
      expect(stdout).toContain(']0;x');
    }
  } finally {
    await docker('image', 'rm', '-f', image);
  }
});

test.each([
  [['--watch', 'x'], '--watch x is no duration'],
  [['--json', '--sarif'], 'contradict'],
  [['--fail-below', 'E'], 'choices'],
])('audit %o is wrong usage', async (args, message) => {
  const { code, stderr } = await pristine(['audit', ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(message.replace('choices', 'Allowed'));
});
