/** The guard recovers a service by itself: it sees the intrusion, decides, and carries the response to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardEvent } from '../../src/contract/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { startPristine } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { intrude, type Service } from './service.ts';

const HEALED_WITHIN_MS = 60_000;

export interface GuardedService extends AsyncDisposable {
  /** Intrudes, and waits for the end of the response; answers with the time of the decision. */
  recover(): Promise<number>;
}

/** Starts a guard in mode heal; resolves when it is ready, and has the standby that the labels may ask for. */
export async function startGuarded(bench: Bench, engine: Engine, service: Service): Promise<GuardedService> {
  const guard = await startPristine(bench, { mode: 'heal', names: [service.name], enforces: true });
  try {
    if (service.options.includes('pristine.standby=warm')) await standbyRuns(engine, service.id);
  } catch (error) {
    await guard[Symbol.asyncDispose]();
    throw error;
  }
  return {
    async recover() {
      await intrude(bench, service).catch(() => {}); // it is stopped in the middle
      await guard.line('the end of the incident', endsIncident, HEALED_WITHIN_MS);
      return decisionOf(guard);
    },
    [Symbol.asyncDispose]: () => guard[Symbol.asyncDispose](),
  };
}

async function standbyRuns(engine: Engine, id: string): Promise<void> {
  for (const deadline = Date.now() + HEALED_WITHIN_MS; ; await sleep(50)) {
    const standby = await engine.standbyOf(id);
    if (standby !== null) return engine.waitHealthy(standby.id, HEALED_WITHIN_MS);
    if (Date.now() > deadline) throw new Error('the guard made no standby');
  }
}

function eventOf(line: string): GuardEvent | null {
  return line.startsWith('{') ? (JSON.parse(line) as GuardEvent) : null;
}

function endsIncident(line: string): boolean {
  const event = eventOf(line);
  if (event?.type !== 'incident' || event.incident.endedAt === null) return false;
  if (event.incident.state !== 'healed') throw new Error(`the incident ended as ${event.incident.state}`);
  return true;
}

function decisionOf({ lines }: Child): number {
  const decision = lines
    .map(eventOf)
    .find((event) => event?.type === 'step' && event.step === 'decide' && event.phase === 'done');
  if (decision == null) throw new Error('the guard told of no decision');
  return Date.parse(decision.at);
}
