import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../src/kernel/index.ts';
import { type AttackStep, attack } from '../attacker/attack.ts';
import { shellsServed } from '../attacker/attacker-server.ts';
import { type Foothold, type FootholdReport, holdFoothold } from '../attacker/foothold.ts';
import { TOOL_PATH } from '../attacker/payloads.ts';
import { visit } from '../system/page.ts';
import { startProber } from '../system/prober.ts';
import { type Site, startSite } from '../system/system.ts';
import { type Stage, targetAt } from './context.ts';
import type { GuardProcess } from './guard-process.ts';
import { withGuard } from './guarding.ts';
import { firstLatency } from './measure.ts';
import type { DeniedFileJson } from './pristine.ts';
import type { DeniedLine, ProtectedAttack } from './report.ts';
import { tellStep } from './telling.ts';

const SHELL_PATH = '/var/www/html/shell.php';
const TOLD_WITHIN_MS = 15_000;
/** Visitors come for as long after the attack, and the attacker tries the shell again and again. */
const SERVES_ON_MS = 1000;

/** The attack on a front end where code that is not from the image is refused: nobody pauses or replaces it. */
export async function actProtected(stage: Stage): Promise<ProtectedAttack> {
  const { narrator, docker, pristine, signal, systemOptions, system } = stage;
  narrator.act('The attack, and Pristine refuses what the image never held');
  const site = await narrator.task('starting a front end to be protected', () =>
    startSite(systemOptions, system, systemOptions.names.protectedWeb),
  );
  const attacked = await withGuard(stage, site.container, 'protect', (guard) =>
    attackProtected(stage, site, guard),
  );
  const incident = attacked.denials[0]?.incident;
  const records =
    incident === undefined
      ? []
      : await pristine.json<DeniedFileJson[]>(['evidence', 'denied', incident], { signal });
  const result = { ...attacked, kept: records.map(keptFile) };
  judge(stage, result);
  await docker.text(['rm', '-f', '-v', site.container], { signal });
  return result;
}

async function attackProtected(
  stage: Stage,
  site: Site,
  guard: GuardProcess,
): Promise<Omit<ProtectedAttack, 'kept'>> {
  const { narrator, checks, docker, signal, systemOptions } = stage;
  const [watching] = guard.lines.flatMap(({ line }) => (line.type === 'watching' ? [line] : []));
  checks.check(
    'code is refused from now on',
    watching?.protection.state === 'enforced',
    `protection ${watching?.protection.state}, on a container that runs already`,
  );
  const before = await visit(site.url, { signal });
  narrator.startClock();
  const since = new Date().toISOString();
  const prober = startProber(site.url, before.content);
  let foothold: Foothold | undefined;
  let steps: AttackStep[];
  try {
    steps = await attack(targetAt(stage, site.url), {
      pace: 'steady',
      onStep(step) {
        if (step.id === 'download') foothold = holdFoothold(site.url);
        tellStep(narrator, step);
      },
      signal,
    });
    await Promise.all([
      narrator.task('waiting for the refusals', () => toldOfBoth(guard, signal)),
      sleep(SERVES_ON_MS, undefined, { signal }),
    ]);
  } catch (error) {
    await Promise.all([foothold?.stop(), prober.stop()]);
    throw error;
  }
  const held: FootholdReport = (await foothold?.stop()) ?? noFoothold;
  const visitors = await prober.stop();
  const after = await visit(site.url, { signal });
  return {
    steps,
    shellsServed: await shellsServed(docker, systemOptions.names.attacker, since),
    denials: denials(guard),
    page: { content: after.content, changed: after.content !== before.content },
    foothold: held,
    visitors,
    writeToFindingByGuard: firstLatency(guard.lines),
  };
}

const noFoothold: FootholdReport = { firstAnswerAt: null, lastAnswerAt: null, refusals: 0, goneAt: null };

function denials(guard: GuardProcess): DeniedLine[] {
  return guard.lines.flatMap(({ line }) => (line.type === 'denied' ? [line] : []));
}

/** Waits for the lines on both files; what is not told in time, the judgement names. */
async function toldOfBoth(guard: GuardProcess, signal: AbortSignal): Promise<void> {
  const told = [SHELL_PATH, TOOL_PATH].map((path) =>
    guard.waitFor(`refused ${path}`, (line) => line.type === 'denied' && line.path === path, {
      withinMs: TOLD_WITHIN_MS,
    }),
  );
  await Promise.allSettled(told);
  signal.throwIfAborted();
}

function keptFile({ denial, kept }: DeniedFileJson): ProtectedAttack['kept'][number] {
  return { path: denial.path, sha256: kept?.sha256 ?? null, whole: kept?.whole ?? false };
}

/** It was a real attack, what it brought did not run, all of it is kept, and the visitors noticed nothing but the page. */
function judge({ narrator, checks, served }: Stage, result: ProtectedAttack): void {
  const { steps, foothold, visitors } = result;
  const outcome = (id: string) => steps.find((step) => step.id === id)?.outcome;
  const evidence = (id: string) => steps.find((step) => step.id === id)?.evidence ?? 'no such step';
  checks.check(
    'the web shell was written',
    outcome('download') === 'worked' && result.shellsServed === 1,
    `${evidence('download')}; the attacker's server handed out ${result.shellsServed}`,
  );
  checks.check(
    'the web shell cannot be used',
    outcome('use') === 'refused' && foothold.firstAnswerAt === null && foothold.refusals > 0,
    `${evidence('use')}; ${foothold.refusals} more requests were refused, and it ${foothold.firstAnswerAt === null ? 'never' : 'once'} ran`,
  );
  checks.check('the dropped program does not run', outcome('drop') === 'refused', evidence('drop'));
  for (const [path, digest, reader] of [
    [SHELL_PATH, served.shell, 'apache2'],
    [TOOL_PATH, served.tool, 'dash'],
  ] as const) {
    const denial = result.denials.find((told) => told.path === path);
    const names = (exe: string | undefined, wanted: string) =>
      exe !== undefined && basename(exe) === wanted ? wanted : `not ${wanted} but ${printable(exe ?? '?')}`;
    const [writer, opener] = [names(denial?.writer?.exe, 'apache2'), names(denial?.reader?.exe, reader)];
    checks.check(
      `the guard tells of ${path}`,
      denial?.enforced === true && writer === 'apache2' && opener === reader,
      denial === undefined
        ? 'no line'
        : `${denial.enforced ? 'refused' : 'not refused'} to ${opener} (${denial.access}), made by ${writer}`,
    );
    const kept = result.kept.find((file) => file.path === path && file.sha256 === digest && file.whole);
    checks.check(
      `${path} is kept whole`,
      kept !== undefined && denial?.sha256 === digest,
      `pristine evidence denied: sha256 ${kept?.sha256?.slice(0, 12) ?? 'another'}…, as the attacker's server has it`,
    );
  }
  checks.check(
    'the site serves on',
    visitors.visits > 0 && visitors.failed === 0,
    `${visitors.visits - visitors.failed} of ${visitors.visits} visits answered, ${visitors.longestOutageMs.toFixed(0)} ms the longest wait`,
  );
  if (result.page.changed)
    narrator.say(
      `the defacement stays: index.html is data that index.php fills in; ${visitors.defaced} visits saw it. Healing undoes it.`,
    );
}
