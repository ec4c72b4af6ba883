import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, startContainer, type TestContainer } from '../../test/support/engine.ts';
import { pristine } from './test-support/spawn.ts';

let container: TestContainer;
beforeAll(async () => {
  container = await startContainer({ options: ['--tmpfs', '/scratch'] });
  await container.sh(`printf '<?php eval($_GET["x"]);' > /root/shell.php
    printf 'root::0:0::/root:/bin/sh\\nme::0:0::/:/bin/sh\\n' > /etc/passwd
    touch "$(printf '/tmp/a\\033[31m\\nb')"`);
});
afterAll(() => container[Symbol.asyncDispose]());

describe('pristine diff', () => {
  test('lists changes and findings and blind spots, and ends with 3', async () => {
    const { code, stdout } = await pristine(['diff', container.name]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^A +\w+ +\/root\/shell\.php +file 0644 0:0 23 B$/m);
    expect(stdout).toMatch(/^(A|C) +\w+ +\/etc\/passwd /m);
    expect(stdout).toContain('Not seen:');
    expect(stdout).toContain('/scratch');
    expect(stdout).not.toContain('\u001b');
  });

  test('lists more with --all', async () => {
    const paths = (text: string) => text.match(/^[ACD] .*$/gm) ?? [];
    const { stdout: some } = await pristine(['diff', container.name]);
    const { stdout: all } = await pristine(['diff', container.name, '--all']);
    expect(paths(all).length).toBeGreaterThan(paths(some).length);
    expect(all).toContain('/tmp/a\\x1b[31m\\nb');
  });

  test('prints JSON for scripts', async () => {
    const { code, stdout } = await pristine(['diff', container.name, '--json']);
    expect(code).toBe(3);
    const { drift, findings } = JSON.parse(stdout);
    expect(drift.container.name).toBe(container.name);
    expect(findings.map(({ path }: { path: string }) => path)).toContain('/root/shell.php');
  });

  test('prints what docker diff prints, byte for byte once sorted', async () => {
    const { code, stdout } = await pristine(['diff', container.name, '--format', 'docker']);
    expect(code).toBe(0);
    const sorted = (text: string) => text.trimEnd().split('\n').sort();
    expect(sorted(stdout)).toEqual(sorted(await docker('diff', container.id)));
  });

  test('shows what was written into a file', async () => {
    const { code, stdout } = await pristine(['diff', container.name, '--content', '/root/shell.php']);
    expect(code).toBe(0);
    expect(stdout).toContain('+<?php eval($_GET["x"]);');
    expect(await pristine(['diff', container.name, '--content', '/no/such'])).toMatchObject({ code: 1 });
  });

  test('of a container without findings ends with 0', async () => {
    await using untouched = await startContainer();
    const { code, stdout } = await pristine(['diff', untouched.name]);
    expect(code).toBe(0);
    expect(stdout).toContain('0 unexpected changes');
  });

  test('of a name that is nearly right names the right one', async () => {
    const { code, stderr } = await pristine(['diff', `${container.name}x`]);
    expect(code).toBe(1);
    expect(stderr).toContain(container.name);
  });
});

test('pristine ps tells of drift, posture and severity', async () => {
  const { code, stdout } = await pristine(['ps', '--json']);
  expect(code).toBe(0);
  const row = JSON.parse(stdout).find(({ id }: { id: string }) => id === container.id);
  expect(row).toMatchObject({ name: container.name, grade: 'D', status: 'running' });
  expect(row.drift.added).toBeGreaterThan(0);
  expect(['high', 'critical']).toContain(row.severity);
});
