import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { printable } from '../../kernel/index.ts';
import type { Forward } from './forward.ts';

/**
 * What a workload is told of the copy that it is to exercise: `PRISTINE_CONTAINER` (id), `PRISTINE_NAME`,
 * `PRISTINE_ROUND` (`1` in the first round of a copy, `2` after its restart) and for each port
 * `PRISTINE_PORT_80` (`127.0.0.1:port`), for datagrams `PRISTINE_PORT_53_udp`.
 */
export type WorkloadEnvironment = Readonly<Record<string, string>>;

export function environmentOf(
  { id, name }: { readonly id: string; readonly name: string },
  round: number,
  forwards: readonly Forward[],
): WorkloadEnvironment {
  const environment: Record<string, string> = {
    PRISTINE_CONTAINER: id,
    PRISTINE_NAME: name,
    PRISTINE_ROUND: String(round),
  };
  for (const { port, localPort } of forwards) {
    const place = `127.0.0.1:${localPort}`;
    if (port.protocol === 'udp') environment[`PRISTINE_PORT_${port.number}_udp`] = place;
    // One that is there for datagrams alone is found by its number too.
    if (port.protocol === 'tcp') environment[`PRISTINE_PORT_${port.number}`] = place;
    else environment[`PRISTINE_PORT_${port.number}`] ??= place;
  }
  return environment;
}

/** Exercises a copy once. @throws {WorkloadFailure} when the copy does not do what it should */
export interface Workload {
  /** A phrase for reports, e.g. `the command "./smoke-test"`. */
  readonly title: string;
  run(environment: WorkloadEnvironment, signal?: AbortSignal): Promise<void>;
}

export class WorkloadFailure extends Error {}

const KEPT_OUTPUT = 2_000;
const GRACE_MS = 2_000;

/** A command of the host, run by its shell in a process group of its own, which ends with it. */
export function commandWorkload(command: string, timeoutMs: number): Workload {
  return {
    title: `the command "${command}"`,
    async run(environment, signal) {
      signal?.throwIfAborted();
      const child = spawn('sh', ['-c', command], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      let said = '';
      const keep = (piece: Buffer) => {
        said = (said + piece.toString('utf8')).slice(-KEPT_OUTPUT);
      };
      child.stdout.on('data', keep);
      child.stderr.on('data', keep);
      let late = false;
      const end = () => {
        killGroup(child.pid, 'SIGTERM');
        setTimeout(() => killGroup(child.pid, 'SIGKILL'), GRACE_MS).unref();
      };
      const timer = setTimeout(() => {
        late = true;
        end();
      }, timeoutMs);
      signal?.addEventListener('abort', end);
      try {
        // Not "close": what it leaves in the background may hold its output open.
        const [code, killed] = (await once(child, 'exit')) as [number | null, string | null];
        signal?.throwIfAborted();
        if (late) throw new WorkloadFailure(`it did not end within ${timeoutMs / 1000} s${tail(said)}`);
        if (code !== 0) throw new WorkloadFailure(`it ended with ${killed ?? `code ${code}`}${tail(said)}`);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        killGroup(child.pid, 'SIGKILL');
        child.stdout.destroy();
        child.stderr.destroy();
      }
    },
  };
}

/**
 * A request by HTTP that must be answered with a status below 500, and below 400 where a path is given.
 * @param port of the container, e.g. 80
 */
export function httpWorkload(port: number, path: string | null, timeoutMs: number): Workload {
  return {
    title: `GET ${path ?? '/'} on port ${port}`,
    async run(environment, signal) {
      const place = environment[`PRISTINE_PORT_${port}`];
      if (place === undefined) throw new WorkloadFailure(`nothing listens on port ${port}`);
      const bound = AbortSignal.timeout(timeoutMs);
      const both = signal === undefined ? bound : AbortSignal.any([signal, bound]);
      let status: number;
      try {
        const answer = await fetch(`http://${place}${path ?? '/'}`, { redirect: 'manual', signal: both });
        await answer.body?.cancel();
        status = answer.status;
      } catch (error) {
        signal?.throwIfAborted();
        const { cause } = error as { cause?: { message?: string } };
        throw new WorkloadFailure(`it had no answer: ${cause?.message ?? String(error)}`);
      }
      if (status >= (path === null ? 500 : 400)) throw new WorkloadFailure(`it was answered with ${status}`);
    },
  };
}

function tail(said: string): string {
  const lines = said.trim().split('\n').slice(-5).map(printable).join(' | ');
  return lines === '' ? '' : `; it said last: ${lines}`;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}
