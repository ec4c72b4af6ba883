import type { AttackStep } from '../attacker/attack.ts';
import type { FootholdReport } from '../attacker/foothold.ts';
import type { VisitorReport } from '../system/prober.ts';
import type { ReceivedLine } from './guard-process.ts';
import type { DiffJson } from './pristine.ts';
import type { GuardedAttack, LatencySummary, Measures } from './report.ts';

interface Observed {
  readonly steps: readonly AttackStep[];
  /** The guard's lines since the attack began. */
  readonly lines: readonly ReceivedLine[];
  /** The line that said that the incident had ended. */
  readonly ended: ReceivedLine;
  /** `pristine diff --json` of each evidence bundle. */
  readonly diffs: readonly DiffJson[];
  readonly foothold: FootholdReport;
  readonly visitors: VisitorReport;
}

export function measure({ steps, lines, ended, diffs, foothold, visitors }: Observed): Measures {
  const started = steps[0]?.startedAt ?? Number.POSITIVE_INFINITY;
  const wrote = firstWrite(diffs, started);
  const finding = firstFinding(lines);
  const frozen = lines.find(
    ({ line }) => line.type === 'step' && line.step === 'freeze' && line.phase === 'done',
  );
  const since = (at: number | undefined) => (at === undefined || wrote === null ? null : at - wrote);
  return {
    writeToFindingByGuard: firstLatency(lines),
    writeToFindingByFileTime: since(finding?.at),
    writeToFrozen: since(frozen?.at),
    writeToHealed: since(ended.at),
    foothold: footholdLifetime(steps, foothold, frozen?.at),
    outage: visitors.longestOutageMs,
  };
}

export function firstFinding(lines: readonly ReceivedLine[]): ReceivedLine | undefined {
  return lines.find(({ line }) => line.type === 'finding');
}

/** Of the first finding on a write, as the guard measured it; a finding on a refusal comes from no write. */
export function firstLatency(lines: readonly ReceivedLine[]): number | null {
  for (const { line } of lines)
    if (line.type === 'finding' && line.latencyMs !== undefined) return line.latencyMs;
  return null;
}

/** Kernel file times lag behind the clock by up to one timer tick (10 ms at 100 Hz). */
const TICK_MS = 10;

/** The earliest modification time since the attack began, in milliseconds since 1970. */
function firstWrite(diffs: readonly DiffJson[], started: number): number | null {
  const times = diffs
    .flatMap(({ drift }) => drift.changes)
    .map(({ after }) => Number(after?.mtime) * 1000)
    .filter((time) => time >= started - TICK_MS);
  return times.length === 0 ? null : Math.min(...times);
}

function footholdLifetime(
  steps: readonly AttackStep[],
  foothold: FootholdReport,
  frozenAt: number | undefined,
): number | null {
  const first = steps.find(({ id, outcome }) => id === 'execute' && outcome === 'worked')?.endedAt;
  const last = foothold.lastAnswerAt ?? frozenAt;
  return first === undefined || last === undefined ? null : last - first;
}

export function summariseLatency(attacks: readonly GuardedAttack[]): LatencySummary {
  const all = (name: keyof Measures) =>
    attacks.map(({ measures }) => measures[name]).filter((value) => value !== null);
  const byGuard = all('writeToFindingByGuard');
  return {
    attacks: attacks.length,
    medianByGuard: median(byGuard),
    medianByFileTime: median(all('writeToFindingByFileTime')),
    worstByGuard: byGuard.length === 0 ? null : Math.max(...byGuard),
    medianToFrozen: median(all('writeToFrozen')),
    medianToHealed: median(all('writeToHealed')),
    medianFoothold: median(all('foothold')),
    medianOutage: median(all('outage')),
  };
}

/** The middle value, or the mean of the two in the middle; null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
