import { setTimeout as sleep } from 'node:timers/promises';
import { type AttackStep, attack } from '../attacker/attack.ts';
import { shellsServed } from '../attacker/attacker-server.ts';
import { type Foothold, holdFoothold } from '../attacker/foothold.ts';
import { type Page, visit } from '../system/page.ts';
import { startProber } from '../system/prober.ts';
import { duration } from '../task.ts';
import { type Stage, targetAt } from './context.ts';
import type { GuardProcess, ReceivedLine } from './guard-process.ts';
import { firstFinding, measure } from './measure.ts';
import type { DiffJson, IncidentJson } from './pristine.ts';
import type { GuardedAttack } from './report.ts';
import { tellStep } from './telling.ts';

/** Steps that need code which the attacker has brought to run. */
const BROUGHT: readonly string[] = ['use', 'drop'];
const HEALED_WITHIN_MS = 120_000;
const BACK_WITHIN_MS = 15_000;
const SHELL_GONE_WITHIN_MS = 15_000;

/** One attack on the guarded site, by an attacker who hurries, and the guard's answer to it. */
export async function attackGuarded(stage: Stage, guard: GuardProcess): Promise<GuardedAttack> {
  const { narrator, docker, pristine, signal, site, systemOptions } = stage;
  const before = await visit(site.url, { signal });
  const from = guard.lines.length;
  narrator.startClock();
  const since = new Date().toISOString();
  const prober = startProber(site.url, stage.before.page.content);
  let foothold: Foothold | undefined;
  let steps: AttackStep[];
  let ended: ReceivedLine;
  try {
    steps = await attack(targetAt(stage, site.url), {
      pace: 'hurried',
      onStep(step) {
        if (step.id === 'execute') foothold = holdFoothold(site.url);
        tellStep(narrator, step);
      },
      signal,
    });
    ended = await narrator.task('waiting for the incident to end', () =>
      guard.waitFor('an incident has ended', (line) => line.type === 'incident' && hasEnded(line.incident), {
        from,
        withinMs: HEALED_WITHIN_MS,
      }),
    );
    await waitUntilBack(stage);
    await Promise.race([foothold?.gone, sleep(SHELL_GONE_WITHIN_MS, undefined, { ref: false, signal })]);
  } catch (error) {
    await Promise.all([foothold?.stop(), prober.stop()]);
    throw error;
  }
  const held = (await foothold?.stop()) ?? {
    ...{ firstAnswerAt: null, lastAnswerAt: null, refusals: 0, goneAt: null },
  };
  const visitors = await prober.stop();
  const incident = incidentOf(ended);
  const diffs: DiffJson[] = [];
  for (const bundle of incident.bundles)
    diffs.push(await pristine.json<DiffJson>(['diff', bundle], { signal }));
  const after = await visit(site.url, { signal });
  return {
    steps,
    shellsServed: await shellsServed(docker, systemOptions.names.attacker, since),
    incident: incident.id,
    bundles: incident.bundles,
    findings: incident.findings,
    hostname: { before: before.hostname, after: after.hostname },
    foothold: held,
    visitors,
    measures: measure({ steps, lines: guard.lines.slice(from), ended, diffs, foothold: held, visitors }),
  };
}

function hasEnded({ state }: IncidentJson): boolean {
  return state === 'healed' || state === 'failed' || state === 'closed';
}

function incidentOf({ line }: ReceivedLine): IncidentJson {
  if (line.type !== 'incident') throw new Error(`not an incident: ${line.type}`);
  return line.incident;
}

/** Waits until visitors get the pristine page; the checks say it if they never do. */
async function waitUntilBack(stage: Stage): Promise<Page> {
  const until = performance.now() + BACK_WITHIN_MS;
  for (;;) {
    const page = await visit(stage.site.url, { timeoutMs: 1000, signal: stage.signal });
    stage.signal.throwIfAborted();
    if (page.content === stage.before.page.content || performance.now() > until) return page;
    await sleep(50);
  }
}

/** Judges one guarded attack: it was a real one, it was seen, what it brought did not run, and it was undone. */
export function judge(stage: Stage, guard: GuardProcess, result: GuardedAttack, from: number): void {
  const { checks } = stage;
  const { measures } = result;
  const executed = result.steps.find(({ id }) => id === 'execute');
  checks.check('the attacker ran code', executed?.outcome === 'worked', executed?.evidence ?? 'no step');
  const seen = firstFinding(guard.lines.slice(from));
  checks.check(
    'the write was seen',
    seen !== undefined,
    seen === undefined
      ? 'no finding'
      : `${duration(measures.writeToFindingByGuard)} after it, by the guard's clock; ` +
          `${duration(measures.writeToFindingByFileTime)} from the file's time to the guard's line`,
  );
  const needBrought = result.steps.filter(({ id }) => BROUGHT.includes(id));
  const shellRan = result.foothold.firstAnswerAt !== null;
  checks.check(
    'nothing that was brought ran',
    needBrought.every(({ outcome }) => outcome !== 'worked') && !shellRan,
    [
      ...needBrought.map(({ title, outcome, evidence }) => `${title}: ${outcome} (${evidence})`),
      shellRan ? 'the shell answered' : 'the shell never answered',
    ].join('; '),
  );
  const state = incidentState(guard, result.incident);
  checks.check(
    'the incident was healed',
    state === 'healed' && measures.writeToHealed !== null,
    `${result.incident} is ${state}, ${duration(measures.writeToHealed)} after the first write`,
  );
  checks.check(
    'the attacker lost the foothold',
    result.foothold.goneAt !== null,
    result.foothold.goneAt === null
      ? 'the shell still answers, or the site does not'
      : `${duration(measures.foothold)} after the first command, and what was written is gone`,
  );
}

function incidentState(guard: GuardProcess, id: string): string {
  const last = guard.lines.findLast(({ line }) => line.type === 'incident' && line.incident.id === id);
  return last === undefined ? 'unknown' : incidentOf(last).state;
}
