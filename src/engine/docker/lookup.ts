import { closest, distance } from 'fastest-levenshtein';
import { messageOf, PristineError, printable } from '../../kernel/index.ts';
import type { ContainerSummary } from '../port.ts';
import type { Client } from './client.ts';
import { summaryOf } from './details.ts';
import { engineFailure, statusOf } from './failures.ts';
import type { Inspect } from './vendor.ts';

/** All containers, running or not. */
export async function listContainers(client: Client): Promise<ContainerSummary[]> {
  const entries = await client.ask('list containers', client.quick.listContainers({ all: true }));
  return entries.map(summaryOf);
}

/** What the engine says of a container, or null when there is none of that id. */
export async function inspectIfThere(client: Client, id: string): Promise<Inspect | null> {
  try {
    return (await client.quick.getContainer(id).inspect()) as unknown as Inspect;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw engineFailure(error, `inspect ${id}`, client.address.endpoint);
  }
}

/**
 * A container by name, id or unambiguous id prefix.
 * @throws {PristineError} E_NO_SUCH_CONTAINER, E_AMBIGUOUS_CONTAINER
 */
export async function lookUp(client: Client, reference: string): Promise<Inspect> {
  const name = reference.replace(/^\//, '');
  // Anything else is no name of a container, and would become part of a request's path.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw await noSuchContainer(client, reference);
  try {
    return (await client.quick.getContainer(name).inspect()) as unknown as Inspect;
  } catch (error) {
    if (statusOf(error) === 404) throw await noSuchContainer(client, name);
    if (/multiple ids found/i.test(messageOf(error))) {
      throw new PristineError('E_AMBIGUOUS_CONTAINER', `more than one container id begins with "${name}"`, {
        next: 'Give more digits of the id, or the name: "pristine ps" lists both.',
        cause: error,
      });
    }
    throw engineFailure(error, `inspect ${name}`, client.address.endpoint);
  }
}

async function noSuchContainer(client: Client, name: string): Promise<PristineError> {
  const names = (await listContainers(client)).map((container) => container.name);
  const near = nearest(name, names);
  return new PristineError('E_NO_SUCH_CONTAINER', `no container has the name or id "${printable(name)}"`, {
    next:
      near === null
        ? 'See the containers of this engine with "pristine ps".'
        : `Did you mean "${near}"? "pristine ps" lists all containers.`,
  });
}

/** The name most like the one given, unless more than half of it would have to change. */
function nearest(name: string, names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const near = closest(name, names);
  return distance(name, near) <= Math.max(name.length, near.length) / 2 ? near : null;
}
