import type { Incident } from '../contract/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import { PristineError } from '../kernel/index.ts';
import type { ResponsePurpose, Store } from '../store/index.ts';

/** What a name means to somebody who asks for a replacement: one that was begun, or a container. */
export type Meant = { readonly begun: string } | { readonly container: ContainerDetails };

/**
 * Finds out what is to be replaced. While a response is half done, the container's name may be its replacement's
 * already, or nobody's: then it is the response that is meant, and to open another would replace what is pristine.
 *
 * @throws {PristineError} E_NO_SUCH_CONTAINER, E_AMBIGUOUS_CONTAINER
 */
export async function meantBy(
  reference: string,
  purpose: ResponsePurpose,
  { engine, store }: { readonly engine: Pick<Engine, 'inspect'>; readonly store: Store },
): Promise<Meant> {
  const begun = await store.unfinished();
  try {
    const container = await engine.inspect(reference);
    const { id, labels } = container;
    const own = purpose === 'incident' ? await store.activeIncident(id) : null;
    const about = begun.filter(
      (incident) => incident.container.id === id || incident.id === labels['pristine.incident'],
    );
    for (const found of own === null ? about : [own, ...about]) {
      if ((await store.purposeOf(found.id)) === purpose) return { begun: found.id };
    }
    return { container };
  } catch (error) {
    if (!(error instanceof PristineError) || error.code !== 'E_NO_SUCH_CONTAINER') throw error;
    const found = begun.findLast((incident) => isAbout(incident, reference));
    if (found === undefined) throw error;
    return { begun: found.id };
  }
}

function isAbout({ container }: Incident, reference: string): boolean {
  return container.name === reference || container.id === reference;
}
