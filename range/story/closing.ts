import type { AttackStep } from '../attacker/attack.ts';
import type { StepId } from '../attacker/steps.ts';
import { duration } from '../task.ts';
import type { Narrator } from './narrator.ts';
import type { GuardedAttack, LatencySummary, ProtectedAttack } from './report.ts';

/** What none of this stops; printed at the end of every demo and part of its report. */
export const NOT_PROTECTED: readonly string[] = [
  'The hole is still there. Every one of these sites runs whatever is sent to ?shell=: PHP in eval, and programs of the image by sh -c, are no file that could be refused.',
  'Reading: the root password and every row of the database were read without writing a file, and nothing saw it. What has left cannot be healed; change the password.',
  'Code that lives in memory alone (PHP in eval, a script piped into sh or php) leaves no file to find or to refuse; replacing the container ends it, but only something else can trigger that.',
  'Data: what is written is only kept from running. In mode protect the defaced page, a template, is served until somebody repairs it, and a changed index.php would be refused, so that visitors would get an error; mode heal undoes both.',
  'The database: with the stolen password rows can be changed or dropped. Volumes are carried over to the replacement as they are, with whatever an attacker put there.',
  'The moment before: in mode heal the first write starts the response, so visitors may have seen that write, and the hole was open until the freeze.',
  'tmpfs mounts of the read-only run: /tmp can still be written, and a script there can be run by an interpreter.',
  'The kernel is shared: a kernel exploit leaves the container, and then the host, Pristine and its evidence are in reach.',
  'Other machines: from inside the container the network could be searched all the while.',
];

interface Story {
  readonly unguarded: readonly AttackStep[];
  readonly protectedAttack: ProtectedAttack;
  readonly guarded: readonly GuardedAttack[];
  readonly readOnly: readonly AttackStep[];
  readonly latency: LatencySummary;
}

/** The closing table: what the attacker did, whether it worked, when it was seen, how long it lasted, what it cost. */
export function tellClosing(narrator: Narrator, story: Story): void {
  const { unguarded, protectedAttack, guarded, readOnly, latency } = story;
  narrator.act('What the attack was worth');
  const first = guarded[0];
  if (first === undefined) return;
  const { measures, visitors, findings, bundles } = first;
  const rows = unguarded.map(({ id, title, outcome }) => [
    title,
    outcome,
    outcomeOf(protectedAttack.steps, id),
    guardedOutcome(first, id),
    outcomeOf(readOnly, id),
  ]);
  const seen = protectedAttack.visitors;
  const keptWhole = new Set(protectedAttack.kept.filter(({ whole }) => whole).map(({ sha256 }) => sha256));
  narrator.table([
    ['what the attacker did', 'unguarded', 'protected', 'guarded (heal)', 'read-only'],
    ...rows,
    [
      'first seen, after the first write',
      'never',
      duration(protectedAttack.writeToFindingByGuard),
      duration(measures.writeToFindingByGuard),
      'nothing to see',
    ],
    ['frozen, after the first write', 'never', 'never', duration(measures.writeToFrozen), '-'],
    [
      'foothold lasted',
      'until someone looks',
      'the hole alone',
      `the hole, ${duration(measures.foothold)}`,
      'the hole alone',
    ],
    [
      'visits that saw the defacement',
      'all from then on',
      `${seen.defaced} of ${seen.visits}`,
      `${visitors.defaced} of ${visitors.visits}`,
      'none',
    ],
    [
      'longest time without an answer',
      'none',
      duration(seen.longestOutageMs),
      duration(measures.outage),
      'none',
    ],
    [
      'visits that got no answer',
      'none',
      `${seen.failed} of ${seen.visits}`,
      `${visitors.failed} of ${visitors.visits}`,
      'none',
    ],
    [
      'pristine again, after the first write',
      'never',
      'not by itself',
      duration(measures.writeToHealed),
      'always was',
    ],
    [
      "attacker's tools now in evidence",
      'none',
      `${keptWhole.size} files, whole`,
      `${findings.length} findings, ${bundles.length} bundle`,
      'none',
    ],
    ['to be back, the attacker must', 'do nothing', 'use the hole', 'begin anew', 'begin anew'],
  ]);
  if (latency.attacks > 1) {
    narrator.say('');
    narrator.say(
      `over ${latency.attacks} attacks, first write to first finding: median ${duration(latency.medianByGuard)} by the ` +
        `guard's clock (worst ${duration(latency.worstByGuard)}), median ${duration(latency.medianByFileTime)} by file times;`,
    );
    narrator.say(
      `medians: frozen after ${duration(latency.medianToFrozen)}, foothold ${duration(latency.medianFoothold)}, ` +
        `outage ${duration(latency.medianOutage)}, healed after ${duration(latency.medianToHealed)}. The table is of the first.`,
    );
  }
  narrator.say('');
  narrator.say('Is this bullet-proof? No. What is not protected:');
  for (const sentence of NOT_PROTECTED) narrator.say(`- ${sentence}`);
}

/** Steps that leave something behind were undone; what was read stays read. */
const LEAVES_FILES: readonly StepId[] = ['deface', 'download', 'use'];

function guardedOutcome({ steps, foothold }: GuardedAttack, id: StepId): string {
  const outcome = outcomeOf(steps, id);
  const undone = outcome === 'worked' && LEAVES_FILES.includes(id) && foothold.goneAt !== null;
  return undone ? 'worked, undone' : outcome;
}

function outcomeOf(steps: readonly AttackStep[], id: StepId): string {
  return steps.find((step) => step.id === id)?.outcome ?? '-';
}
