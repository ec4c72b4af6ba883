/** The ways to put a pristine container in a compromised one's place. */
import type { Engine, ReplacementRequest } from '../../src/engine/index.ts';
import { run } from '../../src/host/index.ts';
import type { Service } from './service.ts';

export const ARTICLE = "the article's commands";

export interface Way {
  /** What is made ready before there is anything to decide. */
  readonly prepare?: (engine: Engine, service: Service) => Promise<void>;
  readonly recover: (engine: Engine, service: Service) => Promise<void>;
  /** The guard does it by itself, with these labels on the container. */
  readonly guarded?: readonly string[];
  /** The engine's event after which nothing of the intruder runs. */
  readonly endsBy: 'pause' | 'stop';
}

const HEALTHY_WITHIN_MS = 20_000;

/** `docker commit`, `docker kill`, `docker rm`, `docker run` with the same options, without anybody's typing. */
async function byTheArticle(_engine: Engine, { name, options }: Service): Promise<void> {
  await docker('commit', name, evidenceOf(name));
  await docker('kill', name);
  await docker('rm', name);
  await docker('run', '-d', '--name', name, ...options);
}

export function evidenceOf(name: string): string {
  return `${name}:evidence`;
}

async function docker(...args: string[]): Promise<void> {
  const { code, stderr } = await run('docker', args);
  if (code !== 0) throw new Error(`docker ${args[0]}: ${stderr.trim()}`);
}

function requestOf({ name }: Service): ReplacementRequest {
  return { labels: { 'pristine.incident': name }, suspectName: `${name}-suspect` };
}

async function freezeFirst(engine: Engine, service: Service): Promise<void> {
  const request = requestOf(service);
  const [, { id: candidate }] = await Promise.all([
    engine.freeze(service.id),
    engine.prepareReplacement(service.id, request, { place: 'no-network' }),
  ]);
  await engine.replacePristine(service.id, { ...request, candidate });
}

/** @param led whether the published ports are led to the candidate meanwhile */
function startFirst(led: boolean): Way {
  return {
    endsBy: 'pause',
    async recover(engine, service) {
      const place = 'internal-network';
      const { id } = await engine.prepareReplacement(service.id, requestOf(service), { place });
      await engine.waitHealthy(id, HEALTHY_WITHIN_MS);
      await switchTo(engine, service, id, led);
    },
  };
}

function warm(led: boolean): Way {
  return {
    endsBy: 'pause',
    async prepare(engine, service) {
      const { id } = await engine.ensureStandby(service.id);
      await engine.waitHealthy(id, HEALTHY_WITHIN_MS);
    },
    async recover(engine, service) {
      const standby = await engine.standbyOf(service.id);
      if (standby === null) throw new Error('there is no standby');
      return switchTo(engine, service, standby.id, led);
    },
  };
}

async function switchTo(engine: Engine, service: Service, candidate: string, led: boolean): Promise<void> {
  if (led && !(await engine.redirect(service.id, candidate))) throw new Error('nothing was redirected');
  await engine.freeze(service.id);
  await engine.replacePristine(service.id, { ...requestOf(service), candidate });
}

export const WAYS: Readonly<Record<string, Way>> = {
  [ARTICLE]: { recover: byTheArticle, endsBy: 'stop' },
  'freeze-first': { recover: freezeFirst, endsBy: 'pause' },
  'start-first, not led': startFirst(false),
  'warm standby, not led': warm(false),
  'start-first': startFirst(true),
  'warm standby': warm(true),
  'guard, freeze-first': byGuard(),
  'guard, start-first': byGuard('pristine.order=start-first'),
  'guard, warm standby': byGuard('pristine.standby=warm'),
};

function byGuard(...labels: string[]): Way {
  return { recover: async () => {}, endsBy: 'pause', guarded: ['pristine.keep-suspect=0', ...labels] };
}
