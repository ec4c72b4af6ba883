import type { Readable } from 'node:stream';
import { PristineError, printable } from '../../kernel/index.ts';
import type { EngineEvent, EngineEventKind } from '../port.ts';
import type { Client } from './client.ts';
import { engineFailure } from './failures.ts';
import type { EventLine } from './vendor.ts';

const KINDS: Readonly<Record<string, EngineEventKind>> = {
  create: 'create',
  start: 'start',
  die: 'stop',
  pause: 'pause',
  unpause: 'unpause',
  destroy: 'remove',
  rename: 'rename',
  health_status: 'health',
};

const NETWORK_KINDS: Readonly<Record<string, EngineEventKind>> = { connect: 'connect' };

/**
 * Events of containers, and of networks that they are put on, from now on. The request is sent at once, and asks for everything since this call, so
 * that nothing is missed between the call and the first `next`.
 *
 * @param now the engine's own time, milliseconds since 1970
 */
export function watchEvents(client: Client, now: number, signal: AbortSignal): AsyncIterable<EngineEvent> {
  const stream = client.patient.getEvents({
    abortSignal: signal,
    since: (now / 1000).toFixed(3),
    filters: JSON.stringify({ type: ['container', 'network'] }),
  } as object) as Promise<Readable>;
  // Judged when someone iterates; until then it must not count as unhandled.
  stream.catch(() => {});
  return follow(client, stream, signal);
}

async function* follow(
  client: Client,
  stream: Promise<Readable>,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent> {
  try {
    for await (const line of lines(await stream)) {
      const event = eventOf(line);
      if (event !== null && (line.Type === 'container' || event.kind === 'connect')) yield event;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw engineFailure(error, 'follow its events', client.address.endpoint);
  }
  if (signal.aborted) return;
  throw new PristineError(
    'E_ENGINE_GONE',
    `the engine at ${client.address.endpoint} ended its event stream`,
    {
      next: 'See whether it still runs ("pristine engine status", "systemctl status docker"), then try again.',
    },
  );
}

/** Events of one container, and of networks about it, between two times. */
export async function pastEvents(
  client: Client,
  id: string,
  since: string,
  until: string,
): Promise<EngineEvent[]> {
  const seconds = (time: string) => (Date.parse(time) / 1000).toFixed(3);
  const stream = (await client.ask(
    'list its events',
    client.patient.getEvents({
      since: seconds(since),
      until: seconds(until),
      filters: JSON.stringify({ type: ['container', 'network'] }),
    } as object),
  )) as Readable;
  const events: EngineEvent[] = [];
  for await (const line of lines(stream)) {
    const event = eventOf(line);
    if (event?.containerId === id) events.push(event);
  }
  return events;
}

async function* lines(stream: Readable): AsyncGenerator<EventLine> {
  let rest = '';
  const decoder = new TextDecoder();
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      rest += decoder.decode(piece, { stream: true });
      const parts = rest.split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part.trim() !== '') yield JSON.parse(part) as EventLine;
    }
  } finally {
    stream.destroy();
  }
}

/** Events in the port's words: a network's event is the container's that it is about. */
export function eventOf(line: EventLine): EngineEvent | null {
  const attributes = line.Actor?.Attributes ?? {};
  const network = line.Type === 'network';
  const containerId = network ? attributes.container : line.Actor?.ID;
  if (containerId === undefined || line.Action === undefined) return null;
  const kind = network ? NETWORK_KINDS[line.Action] : KINDS[line.Action.split(':')[0] ?? ''];
  const milliseconds = line.timeNano === undefined ? (line.time ?? 0) * 1000 : line.timeNano / 1e6;
  return {
    kind: kind ?? 'other',
    containerId,
    name: network ? '' : (attributes.name ?? ''),
    at: new Date(milliseconds).toISOString(),
    action: printable(network ? `network ${line.Action} ${attributes.name ?? ''}` : line.Action),
  };
}
