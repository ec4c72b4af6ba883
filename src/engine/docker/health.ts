import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError, printable } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { inspectIfThere } from './lookup.ts';
import { logsOf } from './streams.ts';
import type { Inspect } from './vendor.ts';

/** A container without a health check counts as healthy after it has run for so long. */
const STEADY_MS = 1000;
const LOOK_EVERY_MS = 100;
const LAST_LINES = 5;

/** Started again so often while we look, it will not come to rest. */
const MAX_RESTARTS = 3;

/**
 * Waits until a container is healthy.
 * @throws {PristineError} E_UNHEALTHY with its last lines when it ends, is restarted again and again, is unhealthy, or
 * takes longer than `timeoutMs`
 */
export async function waitHealthy(client: Client, id: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let startedAt = '';
  let steadySince = 0;
  let restartsBefore: number | null = null;
  for (;;) {
    const container = await inspectIfThere(client, id);
    if (container === null) throw unhealthy(id, 'has ended and is gone', []);
    const { State: state, RestartCount: restarts = 0 } = container;
    restartsBefore ??= restarts;
    if (restarts - restartsBefore >= MAX_RESTARTS)
      throw await failed(client, container, `ends again and again, last with code ${state.ExitCode}`);
    if (state.Running && !state.Restarting) {
      if (state.Health?.Status === 'healthy') return;
      if (state.Health?.Status === 'unhealthy') throw await failed(client, container, 'is unhealthy');
      // A start time that changes is a container that dies and is restarted by its policy.
      if (startedAt !== state.StartedAt) {
        startedAt = state.StartedAt;
        steadySince = Date.now();
      } else if (!hasCheck(container) && Date.now() - steadySince >= STEADY_MS) return;
    } else if (state.Status === 'exited' || state.Status === 'dead') {
      throw await failed(client, container, `ended with code ${state.ExitCode}`);
    }
    if (Date.now() > deadline)
      throw await failed(client, container, `is not healthy after ${timeoutMs / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

function hasCheck(container: Inspect): boolean {
  return container.State.Health != null && container.State.Health.Status !== 'none';
}

async function failed(client: Client, container: Inspect, what: string): Promise<PristineError> {
  let text = '';
  try {
    const stream = await logsOf(client, container.Id, container.Config.Tty ?? false, LAST_LINES);
    for await (const piece of stream as AsyncIterable<Buffer>) text += piece.toString('utf8');
  } catch {
    // Output is a help, not the message: a log driver without reading must not hide the failure.
  }
  return unhealthy(container.Name.slice(1), what, text.split('\n').filter(Boolean));
}

function unhealthy(name: string, what: string, lines: readonly string[]): PristineError {
  const said = lines
    .slice(-LAST_LINES)
    .map((line) => printable(line.slice(0, 300)))
    .join(' | ');
  return new PristineError('E_UNHEALTHY', `${name} ${what}${said === '' ? '' : `; it said last: ${said}`}`, {
    next: `Look at "docker logs ${name}"; the suspect and its evidence are kept.`,
  });
}
