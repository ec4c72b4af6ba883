import type { GuardEvent } from '../../contract/index.ts';
import { printableJson } from '../../kernel/index.ts';
import { whatDiffers, who } from './change.ts';
import { count, humanDuration, timeOfDay } from './human.ts';
import type { Output } from './output.ts';
import { type Styled, severityCell } from './style.ts';

/** Prints events of a guard; what holds for several containers is told once. */
export function createGuardPrinter(out: Output, options: { readonly all: boolean }) {
  const told = new Set<string>();
  return (event: GuardEvent): void => printGuardEvent(out, event, options.all, told);
}

/** One event as a line, or a few; expected changes only when `all` is wanted. */
function printGuardEvent(out: Output, event: GuardEvent, all: boolean, told: Set<string>): void {
  const at: Styled = { text: `${timeOfDay(event.at)}  `, style: 'gray' };
  const say = (...pieces: (string | Styled)[]) => out.line(at, ...pieces);
  switch (event.type) {
    case 'watching':
      say(event.container.name, `: watching, mode ${event.mode}, by ${event.sensor}`);
      out.line('              ', PROTECTION_WORDS[event.protection.state]);
      for (const [label, sentences] of [
        ['not covered: ', event.protection.gaps],
        ['not seen: ', event.blindSpots],
      ] as const) {
        for (const sentence of sentences) {
          if (!told.has(label + sentence)) out.line('              ', label, sentence);
          told.add(label + sentence);
        }
      }
      break;
    case 'prepared':
      say(event.container.name, ': prepared for a quick capture');
      break;
    case 'ready':
      say({ text: 'ready', style: ['green', 'bold'] }, `: ${count(event.containers, 'container')} watched`);
      break;
    case 'change':
      if (event.expected === null || all) printChange(say, event);
      break;
    case 'finding': {
      const { severity, title, path, reason, attack, process } = event.finding;
      const latency = event.latencyMs === undefined ? '' : `, seen after ${humanDuration(event.latencyMs)}`;
      say(event.container.name, ': ', severityCell(severity), ` ${title}: `, path);
      out.line('              ', reason, ` (${[...attack, event.incident].join(', ')}${latency})`);
      if (process !== undefined) out.line('              by ', who(process));
      break;
    }
    case 'denied':
      printDenial(out, say, event);
      break;
    case 'refused-write':
      printRefusedWrite(out, say, event);
      break;
    case 'step':
      say(event.container.name, ': ', STEP_WORDS[event.phase], ' ', event.text);
      break;
    case 'incident':
      printIncidentEvent(say, event.incident);
      break;
    case 'gap':
      say(
        { text: event.container?.name ?? 'all containers', style: 'yellow' },
        `: events may be missing: ${event.reason}${event.lengthMs === undefined ? '' : `, for ${humanDuration(event.lengthMs)}`}; ${event.rescanned ? 'made good by a rescan' : 'a rescan follows'}`,
      );
      break;
    case 'unwatched':
      say(event.container.name, ': no longer watched: ', event.reason);
      break;
    case 'problem':
      say({ text: 'problem', style: 'red' }, ': ', event.message);
      out.line('              do: ', event.next);
      break;
  }
}

const PROTECTION_WORDS: Record<Extract<GuardEvent, { type: 'watching' }>['protection']['state'], string> = {
  enforced: 'code that is not from the image is refused',
  told: 'code that is not from the image is told, not refused',
  none: 'code that is not from the image is not refused',
};

type Say = (...pieces: (string | Styled)[]) => void;

const STEP_WORDS: Record<'intent' | 'done' | 'failed', Styled> = {
  intent: { text: '...', style: 'gray' },
  done: { text: 'done:', style: 'green' },
  failed: { text: 'failed:', style: ['red', 'bold'] },
};

function printRefusedWrite(
  out: Output,
  say: Say,
  event: Extract<GuardEvent, { type: 'refused-write' }>,
): void {
  const { container, write, untold, next } = event;
  const by = [write.command, write.call].filter((one) => one !== null).join(', ');
  const what: Styled = { text: 'write refused', style: 'yellow' };
  const more = untold === 0 ? '' : `; ${count(untold, 'more')} before were not told`;
  say(container.name, ': ', what, ': ', write.path ?? 'a path that is not known', by && ` (${by})`, more);
  out.line('              do: ', next);
}

/** What was refused, whose it was, and the entry of `exceptions` that would allow it. */
function printDenial(out: Output, say: Say, event: Extract<GuardEvent, { type: 'denied' }>): void {
  const { container, enforced, reason, times, incident, writer, reader, allow } = event;
  const what: Styled = enforced
    ? { text: 'refused', style: ['red', 'bold'] }
    : { text: 'would be refused', style: 'yellow' };
  const again = times === 1 ? '' : ` ${count(times, 'time')}`;
  say(container.name, ': ', what, again, ': ', reason, ` (${incident})`);
  if (reader !== null)
    out.line('              to ', who(reader), ...(reader.sockets ?? []).map((socket) => `, ${socket}`));
  if (writer !== null) out.line('              made by ', who(writer));
  out.code(`              allow: ${flowYaml(allow)}`);
}

/** A mapping as YAML in one line: JSON is YAML too, and plain text goes without quotes where nothing is read into it. */
function flowYaml(entries: Record<string, string | undefined>): string {
  const pairs = Object.entries(entries).map(
    ([key, value = '']) => `${key}: ${/^\/[\w./+@-]*$/.test(value) ? value : printableJson(value)}`,
  );
  return `{${pairs.join(', ')}}`;
}

function printChange(
  say: Say,
  { container, change, expected }: Extract<GuardEvent, { type: 'change' }>,
): void {
  const details = change.kind === 'C' ? change.differs.join(', ') : whatDiffers(change)[0];
  const explanation: Styled = { text: expected === null ? '' : ` (expected: ${expected})`, style: 'gray' };
  say(
    container.name,
    `: ${change.kind} `,
    change.path,
    details === undefined ? '' : ` (${details})`,
    explanation,
  );
}

function printIncidentEvent(
  say: Say,
  {
    id,
    container,
    state,
    openedAt,
    endedAt,
    findings,
    bundles,
    error,
  }: Extract<GuardEvent, { type: 'incident' }>['incident'],
): void {
  const lasted =
    endedAt === null ? '' : ` after ${humanDuration(Date.parse(endedAt) - Date.parse(openedAt))}`;
  const evidence = bundles.length === 0 ? '' : `, evidence ${bundles.join(', ')}`;
  const style = state === 'failed' ? 'red' : 'bold';
  say(
    container.name,
    ': incident ',
    id,
    ' ',
    { text: state, style },
    `${lasted}: ${count(findings.length, 'finding')}${evidence}`,
  );
  if (error !== undefined) say(container.name, ': ', error);
}
