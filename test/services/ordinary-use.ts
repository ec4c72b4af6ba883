import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardEvent, Mode } from '../../src/contract/index.ts';
import { run } from '../../src/host/index.ts';
import { messageOf } from '../../src/kernel/index.ts';
import { docker, startContainer, type TestContainer } from '../support/engine.ts';
import { RunningGuard, temporaryState } from '../support/guard.ts';
import type { Service } from './service.ts';

/** A service that is not there after this long will not come. */
const READY_WITHIN_MS = 60_000;
/** Between the last write and the guard's word on it. */
const LAST_WORDS_MS = 2000;

export interface UseReport {
  /** What the guard said until the attack. */
  readonly events: readonly GuardEvent[];
  /** What it refused at the end: a copy of a program, run. */
  readonly attack: Extract<GuardEvent, { type: 'denied' }>;
}

/**
 * An hour of ordinary use, replayed in seconds: the service starts under the guard, serves its users and its
 * operators, is restarted, and serves again. At the end somebody runs a program that the image never held.
 *
 * @throws when any request, program or start fails, or the program of the attack runs
 */
export async function useOrdinarily(service: Service, image: string, mode: Mode): Promise<UseReport> {
  using state = temporaryState();
  await using container = await startContainer({
    image,
    options: ['--network', 'bridge'],
    command: service.command,
    start: false,
  });
  await using guard = new RunningGuard(state.path, [container.name, '--mode', mode]);
  await guard.waitFor('ready');
  try {
    await useAndRestart(service, container);
  } catch (error) {
    const refused = guard.events
      .filter(({ type }) => type === 'denied')
      .map((event) => JSON.stringify(event));
    throw new Error(`${messageOf(error)}\nRefused so far:\n${refused.join('\n')}`, { cause: error });
  }
  await sleep(LAST_WORDS_MS);
  const events = [...guard.events];

  const ran = await container
    .sh('cp /bin/true /usr/local/bin/dropped; /usr/local/bin/dropped && echo ran')
    .then(
      (said) => said.includes('ran'),
      () => false,
    );
  if (ran && mode !== 'watch') throw new Error(`a program that was dropped into ${service.name} ran`);
  const attack = await guard.waitFor('denied', ({ path }) => path === '/usr/local/bin/dropped', {
    from: events.length,
  });
  return { events, attack };
}

async function useAndRestart(service: Service, container: TestContainer): Promise<void> {
  await docker('start', container.id);
  await untilReady(container, service.ready);
  for (const step of [...service.load, ...service.operate]) await container.sh(step);
  await docker('restart', '-t', '30', container.id);
  await untilReady(container, service.ready);
  for (const step of service.load) await container.sh(step);
}

async function untilReady(container: TestContainer, check: string): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await container.sh(check);
      return;
    } catch (error) {
      if (performance.now() > until) {
        const { stdout, stderr } = await run('docker', ['logs', '--tail', '20', container.id]);
        throw new Error(`${check}: not ready in time: ${stdout}${stderr}`, { cause: error });
      }
      await sleep(250);
    }
  }
}
