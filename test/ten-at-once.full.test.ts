/** Ten containers are compromised in the same second: all ten end right. Prints the table of times. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { GuardEvent, Incident, ResponseStep } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { docker, startContainer, type TestContainer, testLabel } from './support/engine.ts';
import { expectEvidence, WEB_SHELL } from './support/fight.ts';
import { pristineJson, RunningGuard, temporaryState } from './support/guard.ts';

const HOW_MANY = 10;
/** Every third has a volume that it writes to, so that its evidence comes first. */
const hasVolume = (index: number) => index % 3 === 0;

/** Prints when it was there, in seconds since the start of the host, to a hundredth. */
const ATTACK = `mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > ${WEB_SHELL} && cat /proc/uptime`;
/** Milliseconds since 1970 at which the host started. */
const hostStart = () => Date.now() - Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;

const SERVE =
  'mkdir -p /www; echo pristine > /www/index.html; httpd -p 80 -h /www; trap exit TERM; while :; do sleep 1; done';

const portOf = async (name: string) => (await docker('port', name, '80')).split(':').at(-1);

async function answer(port: string | undefined): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5000) });
  return response.text();
}

test('ten at once', async () => {
  using state = temporaryState();
  await using suspects = new AsyncDisposableStack();
  const containers: TestContainer[] = [];
  for (let index = 0; index < HOW_MANY; index++) {
    const volume = `pristine-test-ten-${process.pid}-${index}`;
    if (hasVolume(index)) {
      await docker('volume', 'create', '--label', testLabel(), volume);
      suspects.defer(async () => void (await run('docker', ['volume', 'rm', '-f', volume])));
    }
    const options = [
      '--network',
      'bridge',
      '-p',
      '127.0.0.1::80',
      '--label',
      'pristine.allow=/www/index.html',
    ];
    const container = await startContainer({
      options: [...options, ...(hasVolume(index) ? ['-v', `${volume}:/data`] : [])],
      command: ['sh', '-c', SERVE],
    });
    suspects.defer(async () => void (await run('docker', ['rm', '-f', '-v', container.id, container.name])));
    if (hasVolume(index)) await container.sh('echo kept > /data/row');
    containers.push(container);
  }
  const ports = await Promise.all(containers.map(({ name }) => portOf(name)));
  const names = containers.map(({ name }) => name);
  await using guard = new RunningGuard(state.path, [...names, '--mode', 'heal']);
  await guard.waitFor('ready');
  for (const { id } of containers) await guard.waitFor('prepared', ({ container }) => container.id === id);

  const start = hostStart();
  const written = (await Promise.all(containers.map(({ sh }) => sh(ATTACK)))).map(
    (uptime) => start + Number.parseFloat(uptime) * 1000,
  );
  expect(Math.max(...written) - Math.min(...written), 'in the same second').toBeLessThan(1500);
  const healed: Incident[] = [];
  for (const { id } of containers) {
    const ended = ({ incident }: { incident: Incident }) =>
      incident.container.id === id && incident.state === 'healed';
    healed.push((await guard.waitFor('incident', ended, { withinMs: 180_000 })).incident);
  }

  const times = containers.map(({ id }, index) => {
    const first = (fits: (event: GuardEvent) => boolean) =>
      Math.round(Date.parse(guard.events.find(fits)?.at ?? '') - (written[index] ?? 0));
    const done = (step: ResponseStep) =>
      first(
        (event) =>
          event.type === 'step' && event.container.id === id && event.step === step && event.phase === 'done',
      );
    return {
      order: hasVolume(index) ? 'capture-first' : 'freeze-first',
      found: first(
        (event) => event.type === 'finding' && event.container.id === id && event.finding.path === WEB_SHELL,
      ),
      frozen: done('freeze'),
      serving: done('replace'),
      sealed: done('capture'),
      healed: first(
        (event) =>
          event.type === 'incident' &&
          event.incident.id === healed[index]?.id &&
          event.incident.state === 'healed',
      ),
    };
  });
  console.table(times);

  for (const [index, incident] of healed.entries()) {
    const { name, id } = containers[index] as TestContainer;
    expect(incident.bundles).toHaveLength(1);
    await expectEvidence({ pristine: (...args) => pristineJson(state.path, ...args) }, incident);
    expect(await docker('inspect', '-f', '{{.Id}} {{.State.Status}}', name)).toBe(
      `${incident.replacement?.id} running`,
    );
    expect(incident.replacement?.id).not.toBe(id);
    expect(await portOf(name)).toBe(ports[index]);
    expect(await answer(ports[index])).toBe('pristine\n');
    if (hasVolume(index)) expect(await docker('exec', name, 'cat', '/data/row')).toBe('kept');
    const present = await docker('ps', '-aq', '--filter', `name=${name}`);
    expect(present.split('\n')).toHaveLength(1);
  }
  for (const row of times) {
    const { found, frozen, serving, sealed, healed: end } = row;
    expect([found, frozen, serving, sealed, end].every(Number.isFinite), JSON.stringify(row)).toBe(true);
  }
  const problems = guard.events.filter(
    (event) => event.type === 'problem' && event.code !== 'E_CONFIG_INVALID',
  );
  expect(problems).toEqual([]);
  expect(await guard.stop()).toBe(0);
});
