import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardEvent } from '../../contract/index.ts';
import { createFrameKeeper } from '../../evidence/index.ts';
import { createRefusalReader } from '../../hardening/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { startServer } from '../../server/index.ts';
import type { Context } from '../context.ts';
import { loadPolicies, type PolicyFlags } from '../policies.ts';
import { pruneAsConfigured } from '../prune.ts';
import { responseDependencies } from '../response-dependencies.ts';
import { lockState } from '../state-directory.ts';
import { followEngine } from './engine-follower.ts';
import { EventHub } from './event-hub.ts';
import { GuardSession } from './guard-session.ts';
import { keepAlive, readLastRun } from './last-run.ts';
import { startNotifications } from './notifications.ts';
import { problemEvent } from './problem-event.ts';
import { chooseEnforcer, chooseSensor } from './sensors.ts';

const DEFAULT_SCAN_EVERY_S = 60;
const DEFAULT_POLL_EVERY_S = 5;
/** How often it is seen to what comes with time. */
const TICK_MS = 10_000;
/** Responses that an earlier guard has begun come first for so long, and go on beside the others then. */
const RESUME_FIRST_MS = 10_000;
/** How often evidence beyond what is to be kept is removed. */
const PRUNE_MS = 3_600_000;

export interface GuardOptions {
  /** Names or ids; empty for all containers that the configuration or a label `pristine.mode` chooses. */
  readonly names: readonly string[];
  readonly flags: PolicyFlags;
  readonly onEvent: (event: GuardEvent) => void;
  /** Port of the HTTP API on loopback, 0 for any free one; no API when absent. */
  readonly listen?: number;
  /** Told where the API answers. */
  readonly onListening?: (url: string) => void;
  /** Ends the guard; it resolves when all marks are gone. */
  readonly signal: AbortSignal;
}

/**
 * Guards containers until the signal aborts: sees changes as they happen, judges them, and in mode `heal` carries
 * each incident to its end. Incidents that an earlier guard left unfinished are finished first.
 */
export async function guard(context: Context, options: GuardOptions): Promise<void> {
  const { signal } = options;
  const policies = await loadPolicies(options.flags);
  const engine = await context.engine();
  const [store, evidence] = [await context.store(), await context.evidence()];
  const { pollEvery = DEFAULT_POLL_EVERY_S, scanEvery = DEFAULT_SCAN_EVERY_S } = policies.config.sensor ?? {};
  const now = () => context.clock.now().toISOString();
  const hub = new EventHub();
  hub.subscribe(options.onEvent);
  const problem = (error: unknown) => hub.emit(problemEvent(error, now()));

  // Undone in reverse order, whatever happens below.
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(await lockState(context.stateDirectory));
  let apiUrl: string | null = null;
  const notifications = await startNotifications(context, {
    hub,
    config: policies.config.notify,
    apiUrl: () => apiUrl,
    onProblem: problem,
  });
  cleanup.defer(notifications.close);
  const lastRun = await readLastRun(context.stateDirectory);
  cleanup.defer(keepAlive(context.stateDirectory, context.clock, problem));
  const { sensor, fallback } = await chooseSensor(engine, pollEvery);
  cleanup.defer(() => sensor.close());
  const { enforcer, whyNot } = await chooseEnforcer(engine, context.logger);
  if (enforcer !== null) cleanup.defer(() => enforcer.close());
  else if (options.flags.mode === 'protect') throw cannotProtect(whyNot ?? '');
  const session = new GuardSession({
    names: options.names,
    policies,
    engine,
    sensor,
    enforcer,
    whyNoEnforcer: whyNot,
    frames: createFrameKeeper(context.stateDirectory, { clock: context.clock }),
    store,
    response: await responseDependencies(context, policies),
    stateDirectory: context.stateDirectory,
    openRefusalReader: createRefusalReader,
    keepImage: (imageId) => evidence.prefetchImage(engine, imageId, signal),
    clock: context.clock,
    logger: context.logger,
    emit: hub.emit,
  });
  cleanup.defer(() => session.close());
  if (options.listen !== undefined) {
    const server = await startServer(
      {
        containers: () => session.containers(),
        incidents: () => store.incidents(),
        incident: async (id) => ({ incident: await store.incident(id), timeline: await store.timeline(id) }),
        subscribe: hub.subscribe,
        notifications: notifications.counts,
      },
      { stateDirectory: context.stateDirectory, port: options.listen },
    );
    cleanup.defer(() => server.close());
    apiUrl = server.url;
    options.onListening?.(server.url);
  }

  if (fallback !== null) problem(pollingOnly(fallback));
  const seeing = session.followSensor();
  const refusing = enforcer === null ? new Promise<never>(() => {}) : session.followEnforcer();
  const following = followEngine(engine, {
    onEvent: (event) => session.onEngineEvent(event),
    onLost: problem,
    onBack: (lengthMs) => session.resynchronise({ reason: 'the engine was away', lengthMs }),
    signal,
  });
  // Nobody else goes unwatched while one is slow to become healthy, or has much to capture.
  await Promise.race([session.resumeResponses(), sleep(RESUME_FIRST_MS, undefined, { signal, ref: false })]);
  await session.watchChosen(lastRun);
  hub.emit({ type: 'ready', at: now(), containers: session.containers().length });
  let ticking = false;
  const tick = async () => {
    // What is done in it can take longer than the time to the next one, and is not to be done twice.
    if (ticking) return;
    ticking = true;
    await session.tick().finally(() => {
      ticking = false;
    });
  };
  const reserve = () => void store.reserve().catch(problem);
  const prune = () => void pruneAsConfigured(context, policies.config.evidence).catch(problem);
  const timers = [
    setInterval(() => session.rescanAll(), scanEvery * 1000),
    setInterval(() => void tick(), TICK_MS),
    setInterval(prune, PRUNE_MS),
    setInterval(reserve, PRUNE_MS),
  ];
  cleanup.defer(() => timers.forEach(clearInterval));
  void tick();
  prune();
  reserve();
  await Promise.race([
    following,
    ...[seeing, refusing].map((part) => part.then(() => Promise.reject(partEnded()))),
  ]);
}

function pollingOnly(why: string): PristineError {
  return new PristineError('E_NOT_SUPPORTED', `changes are polled, not seen as they happen: ${why}`, {
    next: 'Run "pristine doctor" for what this host and engine allow.',
  });
}

function cannotProtect(why: string): PristineError {
  return new PristineError('E_NOT_SUPPORTED', `code cannot be refused here: ${why}`, {
    next: 'Use --mode watch or heal, which do without; "pristine doctor" says what this host lacks.',
  });
}

function partEnded(): PristineError {
  return new PristineError('E_INTERNAL', 'the sensor or the enforcer ended by itself', {
    next: 'Start the guard again; please report this with its log (--log-level debug).',
  });
}
