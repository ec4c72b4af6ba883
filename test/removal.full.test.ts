/** Removals that would take the traces along: by the container's own end, by the operator, in the middle of a response. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Drift, Incident, VerifyReport } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { docker, startContainer, type TestContainer } from './support/engine.ts';
import { pristineJson, RunningGuard, temporaryState } from './support/guard.ts';

const QUITS = ['sh', '-c', 'trap exit TERM; while :; do sleep 0.1; done'];
const EVIL = `mkdir -p /var/www/html; echo '<?php system($_GET["c"]);' > /var/www/html/s.php`;
const isRemovalRefused = ({ code }: { code: string }) => code === 'E_ENGINE_REFUSED';

/** The evidence is whole, the service runs with its volume. */
async function expectNothingLost(state: string, incident: Incident, volume: string): Promise<void> {
  expect(incident.bundles).toHaveLength(1);
  const report = await pristineJson<VerifyReport>(state, 'evidence', 'verify', incident.bundles[0] ?? '');
  expect(report).toMatchObject({ ok: true, problems: [] });
  const { drift } = await pristineJson<{ drift: Drift }>(state, 'diff', incident.id);
  expect(drift.changes.map(({ path }) => path)).toContain('/var/www/html/s.php');
  const { name } = incident.container;
  expect(await docker('inspect', '-f', '{{.Id}} {{.State.Status}}', name)).toBe(
    `${incident.replacement?.id} running`,
  );
  expect(await docker('exec', name, 'cat', '/data/row')).toBe('kept');
  expect(await docker('inspect', '-f', '{{(index .Mounts 0).Name}}', name)).toBe(volume);
}

describe.each(['auto', 'freeze-first'])('in mode heal, with the order %s', (order) => {
  async function healed(
    options: readonly string[],
    attack: (suspect: TestContainer, guard: RunningGuard) => Promise<unknown>,
  ): Promise<void> {
    using state = temporaryState();
    const config = join(state.path, 'config.yaml');
    writeFileSync(config, `version: 1\ndefaults:\n  recovery:\n    order: ${order}\n`);
    await using suspect = await startContainer({
      options: ['-v', '/data', ...options],
      command: QUITS,
    });
    await suspect.sh('echo kept > /data/row');
    const volume = await docker('inspect', '-f', '{{(index .Mounts 0).Name}}', suspect.id);
    await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal', '--config', config]);
    await guard.waitFor('ready');
    await guard.waitFor('prepared');
    try {
      await attack(suspect, guard);
      const incident = await guard.healed();
      await expectNothingLost(state.path, incident, volume);
      const problems = guard.events.filter((event) => event.type === 'problem' && !isRemovalRefused(event));
      expect(problems).toEqual([]);
      expect(await guard.stop()).toBe(0);
    } finally {
      const ids = await docker('ps', '-aq', '--filter', `name=${suspect.name}`);
      await docker('rm', '-f', '-v', ...ids.split('\n'));
    }
  }

  test('a container that ends and was started with --rm', () =>
    healed(['--rm'], (suspect) => run('docker', ['exec', suspect.id, 'sh', '-c', `${EVIL}; kill 1`])));

  test('docker rm -f at once', () =>
    healed([], async (suspect, guard) => {
      await suspect.sh(EVIL);
      expect((await run('docker', ['rm', '-f', '-v', suspect.id])).code).toBe(1);
      await guard.waitFor('problem', isRemovalRefused);
    }));

  test.each(['freeze', 'capture', 'replace', 'health'] as const)(
    'docker rm -f while the response is at the step "%s"',
    (step) =>
      healed([], async (suspect, guard) => {
        await suspect.sh(EVIL);
        await guard.waitFor('step', (event) => event.step === step && event.phase === 'intent');
        expect((await run('docker', ['rm', '-f', '-v', suspect.id])).code).toBe(1);
      }),
  );

  test('a suspect that is renamed, and removed by its new name', () =>
    healed([], async (suspect, guard) => {
      await suspect.sh(EVIL);
      await guard.waitFor('step', (event) => event.step === 'freeze' && event.phase === 'done');
      await docker('rename', suspect.id, `${suspect.name}-elsewhere`).catch(() => {});
      expect((await run('docker', ['rm', '-f', '-v', suspect.id])).code).toBe(1);
    }));
});
