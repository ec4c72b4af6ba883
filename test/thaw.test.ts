/** What policy can ask for when no replacement can be had: the suspect serves again, and is guarded as before. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../src/host/index.ts';
import { docker, startContainer } from './support/engine.ts';
import { RunningGuard, temporaryState } from './support/guard.ts';

/** A container whose program lies on the host, where it can be broken for the next one. */
async function start(access: 'ro' | 'rw', ...options: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-test-thaw-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (text: string) => writeFileSync(join(folder, 'run'), text);
  const mend = () => write('exec sleep 1000\n');
  mend();
  const suspect = await startContainer({
    options: ['-v', `${folder}:/app:${access}`, ...options],
    command: ['sh', '/app/run'],
  });
  onTestFinished(() => void run('docker', ['rm', '-f', '-v', suspect.name]));
  return { suspect, damage: () => write('exit 7\n'), mend };
}

test.each([
  { shares: 'nothing that it can write to', access: 'ro' },
  // It is killed, so that its locks do not keep the replacement from starting.
  { shares: 'a folder that it can write to', access: 'rw' },
] as const)(
  'a suspect that shares $shares runs again, and is watched again',
  async ({ access }) => {
    using state = temporaryState();
    const { suspect, damage, mend } = await start(access);
    const config = join(state.path, 'pristine.yaml');
    writeFileSync(config, 'version: 1\ndefaults: { recovery: { onFailure: thaw, attempts: 1 } }\n');
    await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal', '--config', config]);
    await guard.waitFor('ready');
    damage();
    await suspect.sh(`mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > /var/www/html/s.php`);
    await guard.waitFor('step', ({ step, phase }) => step === 'health' && phase === 'failed');
    mend();
    await guard.waitFor('incident', ({ incident }) => /serves again/.test(incident.error ?? ''));
    await expect
      .poll(() => docker('inspect', '-f', '{{.Name}} {{.State.Status}}', suspect.id), { timeout: 10_000 })
      .toBe(`/${suspect.name} running`);

    const from = guard.events.length;
    await suspect.sh('cp /bin/busybox /usr/bin/another');
    const { finding } = await guard.waitFor('finding', () => true, { from });
    expect(finding.path).toBe('/usr/bin/another');
    expect(await docker('inspect', '-f', '{{.State.Status}}', suspect.id)).toBe('running');
    expect(await guard.stop()).toBe(0);
  },
  120_000,
);

test('a suspect that was woken while no guard ran is frozen again by the next', async () => {
  using state = temporaryState();
  const { suspect } = await start('ro', '--label', 'pristine.keep-suspect=1h');
  const status = () => docker('inspect', '-f', '{{.State.Status}}', suspect.id);
  {
    await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal']);
    await guard.waitFor('ready');
    await suspect.sh(`mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > /var/www/html/s.php`);
    await guard.healed();
    expect(await guard.stop()).toBe(0);
  }
  onTestFinished(() => void run('docker', ['rm', '-f', suspect.id]));
  await docker('unpause', suspect.id);
  await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal']);
  await guard.waitFor('ready');
  expect(await status()).toBe('paused');
  expect(await guard.stop()).toBe(0);
}, 120_000);
