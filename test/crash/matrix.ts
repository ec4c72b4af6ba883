/** Every point of a response, and what comes of a crash there. */
import { runAgent } from './agent.ts';
import { guardLife } from './guard-agent.ts';
import type { CrashHost } from './host.ts';
import type { CrashPlan, Moment, Strike } from './plan.ts';
import type { Scenario } from './scenarios.ts';
import { compromise, makeSubject, type Subject } from './subject.ts';
import { leftOn, recordsIn, wrongThings } from './verdict.ts';

export interface Case {
  readonly scenario: Scenario;
  readonly strike: Strike | undefined;
  /** A second crash: so many moments after the recovery began. */
  readonly second?: number | undefined;
}

export interface Outcome extends Case {
  /** Where it was struck, in order. */
  readonly struck: readonly string[];
  readonly wrong: readonly string[];
  /** Moments of the first attempt. */
  readonly trace: readonly (readonly [string, string])[];
}

/** So often a response may fail after its crash, before nobody believes in it any more. */
const ATTEMPTS = 4;

/** Makes a container, has a response to it crash, and looks at what comes of it. */
export async function crash(host: CrashHost, given: Case): Promise<Outcome> {
  const outcome = await respondAndCrash(host, given);
  const left = await leftOn(host);
  return { ...outcome, wrong: [...outcome.wrong, ...left] };
}

async function respondAndCrash(host: CrashHost, given: Case): Promise<Outcome> {
  const { scenario, strike, second } = given;
  await using subject = await makeSubject(host, scenario);
  const attempt = (scenario.command === 'guard' ? byGuard : byHand)(host, scenario, subject);
  const strikes = [strike, ...(second === undefined ? [] : [{ nth: second }])];
  const struck: string[] = [];
  let trace: Outcome['trace'] | undefined;
  let said = '';
  for (let round = 0; round < strikes.length + ATTEMPTS; round++) {
    if (round > 0 && isOver(subject)) break;
    const life = await attempt(strikes[round]);
    trace ??= life.trace;
    if (life.struck !== null) struck.push(life.struck);
    said = life.said;
    if (scenario.target === 'agent' || life.struck === null) continue;
    await host.revive();
    // All was done when the engine died; whether a container comes back then is up to its restart policy.
    if (isOver(subject)) await host.docker('start', subject.name);
  }
  const wrong = await wrongThings(host, scenario, subject);
  if (wrong.length > 0 && said !== '') wrong.push(`it said: ${said}`);
  return { ...given, struck, wrong, trace: trace ?? [] };
}

/** Whoever asks again after the end asks for something new. */
function isOver({ state }: Subject): boolean {
  return recordsIn(state).some(({ ended_at }) => ended_at !== null);
}

interface Life {
  readonly trace: Outcome['trace'];
  readonly struck: string | null;
  readonly said: string;
}

function byHand(
  host: CrashHost,
  scenario: Scenario,
  subject: Subject,
): (at: Strike | undefined) => Promise<Life> {
  let compromised = false;
  return async (at) => {
    if (!compromised) await compromise(host, subject);
    compromised = true;
    const { trace, struck, errors } = await runAgent(host, {
      args: [scenario.command, subject.name, '--json'],
      state: subject.state,
      ids: { [subject.id]: 'suspect' },
      at,
      target: targetOf(host, scenario),
    });
    return { trace, struck, said: errors.trim() };
  };
}

function byGuard(
  host: CrashHost,
  scenario: Scenario,
  subject: Subject,
): (at: Strike | undefined) => Promise<Life> {
  let compromised = false;
  return (at) =>
    guardLife(host, subject, {
      at,
      target: targetOf(host, scenario),
      onReady: async () => {
        if (compromised || isOver(subject)) return;
        compromised = true;
        if (scenario.standby) await untilStandingBy(host, subject);
        await compromise(host, subject);
      },
      isOver: async () => isOver(subject),
      onStruck: () => host.revive(),
    });
}

async function untilStandingBy(host: CrashHost, { name }: Subject): Promise<void> {
  const deadline = Date.now() + 20_000;
  while ((await host.docker('ps', '-q', '-f', `name=^${name}-standby$`)) === '') {
    if (Date.now() > deadline) throw new Error('no standby came up');
  }
}

function targetOf(host: CrashHost, { target }: Scenario): CrashPlan['target'] {
  return target === 'agent' ? 'agent' : [host.pidFiles[target]];
}

/** The moments at which a scenario is struck, from a run that nobody strikes. */
export function pointsOf({ scenario, trace }: Outcome): Strike[] {
  const begun = trace.findIndex(([, point]) => point.startsWith('sql insert incident'));
  const relevant = scenario.command === 'guard' ? trace.slice(begun) : trace;
  return relevant.flatMap(([moment, point]) => {
    const isRequest = /^(POST|PUT|DELETE) /.test(point);
    if (scenario.target !== 'agent' && !isRequest) return [];
    if (scenario.command === 'guard' && !isRequest && !point.startsWith('sql ')) return [];
    return [{ point, moment: moment as Moment }];
  });
}
