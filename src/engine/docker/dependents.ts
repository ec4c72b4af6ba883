import { messageOf, PristineError } from '../../kernel/index.ts';
import type { Replacement } from '../port.ts';
import { create, findByLabels, hasRun, ownName, renameTo, startContainer } from './candidates.ts';
import type { Client } from './client.ts';
import { dependentsOn } from './dependents-find.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import { connectMissing } from './networks.ts';
import { type Notes, takeNote } from './notes.ts';
import { recreationOf } from './recreation.ts';
import { REPLACES_LABEL, successorsAmong } from './recreation-references.ts';
import { stop } from './stop.ts';
import type { Inspect } from './vendor.ts';

/** Label of a re-created dependent with the id of the container whose replacement made it necessary. */
const DEPENDENT_LABEL = 'pristine.dependent-of';
/** Label of one whose original ran when it was created. */
const RAN_LABEL = 'pristine.was-running';

/**
 * Re-creates what depended on a container so that it depends on its replacement, and in turn what depended on that.
 * The labels of what is created are the memory of how far this came: a second call, after a crash at any moment,
 * finishes what was begun and begins what was not.
 *
 * @param suffix the old ones are kept, stopped, as `NAME-suffix`
 * @throws {PristineError} E_REPLACE
 */
export async function recreateDependents(
  client: Client,
  notes: Notes,
  id: string,
  replacementId: string,
  suffix: string,
): Promise<Replacement[]> {
  const replacement = await lookUp(client, replacementId);
  const present = await inspectIfThere(client, id);
  const known = (await notes.read(id))?.inspect ?? present;
  const begun = await findByLabels(client, { [DEPENDENT_LABEL]: id });
  const on = { currentName: present?.Name ?? null, replacement };
  const found = await dependentsOn(client, {
    ...on,
    container: { ...(known ?? replacement), Id: id, Name: replacement.Name },
  });
  const made = [...begun];
  for (const { container } of found) {
    made.push(await begin(client, notes, container, { id, replacement, suffix }));
  }
  const done: Replacement[] = [];
  for (const dependent of made) {
    const old = dependent.Config.Labels?.[REPLACES_LABEL] ?? '';
    await finish(client, notes, dependent, old);
    done.push({ id: dependent.Id, name: ownName(dependent) });
    done.push(...(await recreateDependents(client, notes, old, dependent.Id, suffix)));
  }
  return done;
}

/** Creates a dependent's replacement under its name, while the old one runs on under another. */
async function begin(
  client: Client,
  notes: Notes,
  old: Inspect,
  { id, replacement, suffix }: { id: string; replacement: Inspect; suffix: string },
): Promise<Inspect> {
  const earlier = await notes.read(old.Id);
  const renamed = earlier !== null && ownName(old) === `${earlier.name}-${suffix}`;
  const suspectName = renamed ? ownName(old) : `${ownName(old)}-${suffix}`;
  const note = await takeNote(notes, old, { suspectName, taking: true });
  const labels = {
    [REPLACES_LABEL]: old.Id,
    [DEPENDENT_LABEL]: id,
    ...(wasMeantToRun(old) ? { [RAN_LABEL]: 'true' } : {}),
  };
  try {
    const entries = await client.ask('list containers', client.quick.listContainers({ all: true }));
    // Whatever labels the replacement carries: it is known here whose place it has.
    const told = entries.map((entry) =>
      entry.Id === replacement.Id ? { ...entry, Labels: { ...entry.Labels, [REPLACES_LABEL]: id } } : entry,
    );
    // As it is listed now: the engine renames the ends of links.
    const recreation = recreationOf(old, note, labels, { successors: successorsAmong(told) });
    await renameTo(client, old, suspectName);
    return await create(client, note.name, recreation, labels);
  } catch (error) {
    await renameTo(client, old, note.name).catch(() => {});
    throw failure(error, note.name, 'It was left as it is, cut off from what it depended on.');
  }
}

/** Whether somebody would miss it: it runs, or would if what it depends on had let it start. */
function wasMeantToRun({ State: state, HostConfig: { RestartPolicy: policy } }: Inspect): boolean {
  const tried =
    Boolean(state.Error) && ['always', 'unless-stopped', 'on-failure'].includes(policy?.Name ?? '');
  return state.Running || state.Restarting || tried;
}

/** Stops the old one, and starts the new one where the old one ran. */
async function finish(client: Client, notes: Notes, made: Inspect, oldId: string): Promise<void> {
  const now = await lookUp(client, made.Id);
  const old = await inspectIfThere(client, oldId);
  try {
    // Not both at once: they share volumes, ports and addresses.
    if (old !== null) await stop(client, notes, old.Id, 'graceful');
    const note = await notes.read(oldId);
    if (!hasRun(now)) await connectMissing(client, now, note?.networks ?? {}, oldId);
    if (!hasRun(now) && now.Config.Labels?.[RAN_LABEL] === 'true') await startContainer(client, now);
  } catch (error) {
    throw failure(
      error,
      ownName(now),
      `Its predecessor is kept, stopped${old === null ? '' : `, as ${ownName(old)}`}.`,
    );
  }
}

function failure(error: unknown, name: string, left: string): PristineError {
  if (error instanceof PristineError && error.code === 'E_ENGINE_GONE') return error;
  return new PristineError(
    'E_REPLACE',
    `${name} could not be re-created for a new neighbour: ${messageOf(error)}`,
    {
      next: `${left} Remove the cause, then try again.`,
      cause: error,
    },
  );
}
