/** Words for what happens: one line for a step of the attacker, for a line of the guard. */
import { basename } from 'node:path';
import { printable } from '../../src/kernel/index.ts';
import type { AttackStep } from '../attacker/attack.ts';
import { duration } from '../task.ts';
import type { ReceivedLine } from './guard-process.ts';
import type { Narrator } from './narrator.ts';

export function tellStep(narrator: Narrator, step: AttackStep): void {
  narrator.event(
    'attacker',
    step.endedAt,
    `${step.title}: ${step.outcome.toUpperCase()} (${step.evidence})`,
    step.outcome === 'worked' ? 'bad' : 'good',
  );
}

/** Tells findings, refusals, steps of the response and ends of incidents; changes alone would be noise. */
export function tellGuardLine(narrator: Narrator, { at, line }: ReceivedLine): void {
  const tell = (text: string, tone?: 'good' | 'bad' | 'dim') => narrator.event('guard', at, text, tone);
  switch (line.type) {
    case 'finding': {
      const { severity, path, title, attack } = line.finding;
      const latency =
        line.latencyMs === undefined ? '' : `, ${Math.round(line.latencyMs)} ms after the write`;
      tell(
        `finding ${severity}: ${printable(path)}: ${printable(title)} [${attack.map(printable).join(' ')}${latency}]`,
      );
      break;
    }
    case 'denied': {
      const { enforced, access, path, writer, reader, sha256, times } = line;
      const who = (process: typeof writer) => printable(basename(process?.exe ?? 'someone'));
      const digest = sha256 === null ? 'not kept whole' : `sha256 ${sha256.slice(0, 12)}… kept`;
      tell(
        `${enforced ? 'REFUSED' : 'would refuse'} to ${who(reader)}: ${access} ${printable(path)}, made by ${who(writer)} (${digest}${times > 1 ? `, ${times} times` : ''})`,
        'good',
      );
      break;
    }
    case 'step':
      if (line.phase === 'intent') break;
      tell(`${line.step} ${line.phase}: ${printable(line.text)}`, line.phase === 'failed' ? 'bad' : 'dim');
      break;
    case 'incident':
      tell(
        `incident ${line.incident.id} ${line.incident.state}${line.incident.error === undefined ? '' : `: ${printable(line.incident.error)}`}`,
        line.incident.state === 'healed' ? 'good' : 'dim',
      );
      break;
    case 'gap':
      tell(
        `gap${line.lengthMs === undefined ? '' : ` of ${duration(line.lengthMs)}`}: ${printable(line.reason)}; ${line.rescanned ? 'rescanned' : 'will rescan'}`,
        line.rescanned ? 'dim' : 'bad',
      );
      break;
    case 'problem':
      tell(`${line.code}: ${printable(line.message)}`, 'bad');
      break;
    default:
      break;
  }
}
