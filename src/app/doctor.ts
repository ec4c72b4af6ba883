import { messageOf, PristineError, version } from '../kernel/index.ts';
import { type HostCheck, hostChecks } from '../sensor/index.ts';
import type { Context } from './context.ts';

export interface DoctorReport {
  readonly version: string;
  readonly runtime: string;
  readonly stateDirectory: string;
  readonly engine:
    | {
        readonly ok: true;
        readonly title: string;
        readonly endpoint: string;
        readonly foundBy: string;
        readonly storageDriver: string;
        readonly localStorage: boolean;
      }
    | { readonly ok: false; readonly problem: string; readonly next: string };
  readonly checks: HostCheck[];
  /** Which sensor the guard will use, and why not the better one. */
  readonly sensor: { readonly kind: 'fanotify' | 'polling'; readonly because: string };
}

/** What this host and engine can do, tried for real, and what falls back to polling. */
export async function doctor(context: Context): Promise<DoctorReport> {
  const engine = await context.engine().catch(asNotFound);
  const found = 'problem' in engine ? null : engine;
  const checks = await hostChecks(
    found?.capabilities.localStorage === true ? found.info.rootDirectory : undefined,
  );
  const failed = checks.find(({ ok, neededFor }) => !ok && neededFor === 'events');
  const remote = found !== null && !found.capabilities.localStorage;
  const polling = remote ? 'the containers’ layers cannot be read from here' : failed?.detail;
  return {
    version,
    runtime: `Node.js ${process.versions.node}`,
    stateDirectory: context.stateDirectory,
    engine:
      'problem' in engine
        ? engine
        : {
            ok: true,
            title: engine.info.title,
            endpoint: engine.info.endpoint,
            foundBy: engine.info.foundBy,
            storageDriver: engine.info.storageDriver,
            localStorage: engine.capabilities.localStorage,
          },
    checks,
    sensor:
      polling === undefined
        ? {
            kind: 'fanotify',
            because: 'the kernel reports every change of the containers’ layers as it happens',
          }
        : { kind: 'polling', because: polling },
  };
}

function asNotFound(error: unknown): Extract<DoctorReport['engine'], { ok: false }> {
  const next = error instanceof PristineError ? error.next : 'Please report this defect.';
  return { ok: false, problem: messageOf(error), next };
}
