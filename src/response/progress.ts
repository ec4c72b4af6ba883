import type {
  HardenedConfiguration,
  RecoveryPolicy,
  ResponseOrder,
  ResponseStep,
} from '../contract/index.ts';
import type { FrozenState, Replacement, ReplacementPlan } from '../engine/index.ts';
import type { JournalEntry } from '../store/index.ts';

/**
 * How the steps follow each other.
 * - `freeze`: freeze first; whether evidence or the replacement comes next is decided by what is found then.
 * - `start-first`: the replacement is up before the suspect is frozen.
 * - `standby`: a twin that runs already is switched in.
 * - `offline`: no replacement.
 * - `repave`: no suspect; the old container serves until the new one does.
 */
export type Way = 'freeze' | 'start-first' | 'standby' | 'offline' | 'repave';

/** A plan by which a replacement is hardened. */
export interface AppliedPlan {
  readonly id: string;
  readonly configuration: HardenedConfiguration;
}

/** What the steps so far have left; exactly what the journal holds. */
export interface Progress {
  decide?: {
    way: Way;
    readOnly: boolean;
    lockFirst: boolean;
    recovery: RecoveryPolicy;
    /** How it is made read-only, where there is a plan for it. */
    plan?: AppliedPlan;
  };
  lock?: Record<string, never>;
  /** The candidate is null where none could be had early. */
  prepare?: { candidate: string | null };
  redirect?: { candidate: string | null };
  /** `at`: when it was begun; evidence of before is not all there is. */
  freeze?: { frozen: FrozenState; order: ResponseOrder; candidate: string | null; at: string };
  /** Null when the suspect was gone before anything could be captured. */
  capture?: { bundle: string | null };
  verify?: { filesChecked: number };
  stop?: Record<string, never>;
  replace?: Replacement;
  health?: { autoRemove?: boolean };
  compare?: { explained: number; unexplained: number };
  /** Ids of the new containers, and of those whose place they have. */
  dependents?: { recreated: string[]; old: string[] };
  keep?: { until: string };
  remove?: Record<string, never>;
}

/** Reads what the finished steps of a journal have left; a step that was undone counts as never done. */
export function progressOf(journal: readonly JournalEntry[]): Progress {
  const progress = new Map<ResponseStep, JournalEntry['data']>();
  for (const { step, phase, data } of journal) {
    if (phase === 'done') progress.set(step, data);
    else if (phase === 'undone') progress.delete(step);
  }
  return Object.fromEntries(progress) as Progress;
}

/** Whether policy has ended the attempts of its own accord, so that only a person begins again. */
export function hasGivenUp(journal: readonly JournalEntry[]): boolean {
  return journal.findLast(({ phase }) => phase === 'given-up' || phase === 'undone')?.phase === 'given-up';
}

/** Whether a response has come to where its suspect may go: its evidence was verified, or a person did without. */
export function isLetGo(journal: readonly JournalEntry[]): boolean {
  return journal.some(({ step }) => step === 'keep' || step === 'remove');
}

/** The order that suits a container, where policy leaves it open; null where nobody could plan its replacement. */
export function automaticOrder(plan: Pick<ReplacementPlan, 'sharedWritable'> | null): ResponseOrder {
  // Where nobody could say what they share, the slower order is the one that works in any case.
  return plan?.sharedWritable.length === 0 ? 'freeze-first' : 'capture-first';
}

const SERVICE: readonly ResponseStep[] = ['replace', 'health', 'compare', 'dependents'];
const EVIDENCE: readonly ResponseStep[] = ['capture', 'verify'];

/** Whether a step is about the replacement: evidence is kept whether it succeeds or not. */
export function isAboutService(step: ResponseStep): boolean {
  return SERVICE.includes(step);
}

export function isEvidence(step: ResponseStep): boolean {
  return EVIDENCE.includes(step);
}

/** The steps of a response in order, as far as is known by now; `decide` alone at first. */
export function sequenceOf(progress: Progress): ResponseStep[] {
  const { decide, prepare, redirect, freeze } = progress;
  if (decide === undefined) return ['decide'];
  const kept: ResponseStep = decide.recovery.keepSuspect === '0' ? 'remove' : 'keep';
  const afterFreeze: readonly ResponseStep[] =
    freeze?.order === 'capture-first'
      ? [...EVIDENCE, 'stop', ...SERVICE, kept]
      : [...SERVICE, ...EVIDENCE, kept];
  switch (decide.way) {
    case 'freeze':
      return ['decide', 'lock', 'freeze', ...afterFreeze];
    case 'start-first': {
      const led: ResponseStep[] = prepare?.candidate ? ['redirect'] : [];
      return ['decide', 'lock', 'prepare', ...led, 'freeze', ...afterFreeze];
    }
    case 'standby':
      return ['decide', 'lock', 'redirect', 'freeze', ...afterFreeze];
    case 'offline':
      return ['decide', 'lock', 'freeze', ...EVIDENCE];
    case 'repave': {
      const led: ResponseStep[] = prepare?.candidate && redirect?.candidate !== null ? ['redirect'] : [];
      return ['decide', 'prepare', ...led, 'stop', ...SERVICE, 'remove'];
    }
  }
}
