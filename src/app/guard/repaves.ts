import { createHash } from 'node:crypto';
import type { Mode, Policy } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { newId, parseDuration } from '../../kernel/index.ts';
import type { ResponseDependencies } from '../../response/index.ts';

/** Opens what is journalled like an incident, though there is none: the replacement of a container by its age. */
export async function openRepave(
  { store, clock }: Pick<ResponseDependencies, 'store' | 'clock'>,
  { id, name, image }: Pick<ContainerDetails, 'id' | 'name' | 'image'>,
  mode: Mode,
): Promise<string> {
  const repave = newId('rep', clock);
  const openedAt = clock.now().toISOString();
  await store.openIncident({ id: repave, container: { id, name, image }, mode, openedAt, purpose: 'repave' });
  return repave;
}

/** A container that may be repaved. */
export interface Candidate {
  readonly id: string;
  /** Containers of one service are replaced one after the other. */
  readonly service: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly policy: Pick<Policy, 'mode' | 'repave'>;
}

/** When a container's age has come, in milliseconds since 1970; null when never. */
export function dueAt({ id, createdAt, policy }: Candidate): number | null {
  const maxAge = parseDuration(policy.repave.maxAge) ?? 0;
  if (maxAge === 0 || policy.mode !== 'heal') return null;
  // From the id, so that it stays the same after a restart of the guard.
  const share = createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32;
  return Date.parse(createdAt) + maxAge * (1 - policy.repave.jitter * share);
}

/**
 * Which containers are to be repaved now: of each service the one that is due longest, and none of a service that
 * has one at work.
 */
export function dueNow(candidates: readonly Candidate[], atWork: ReadonlySet<string>, now: Date): string[] {
  const due = candidates
    .flatMap((candidate) => {
      const at = dueAt(candidate);
      return at === null || at > now.getTime() ? [] : [{ ...candidate, at }];
    })
    .sort((a, b) => a.at - b.at);
  const services = new Set(candidates.filter(({ id }) => atWork.has(id)).map(({ service }) => service));
  const chosen: string[] = [];
  for (const { id, service } of due) {
    if (services.has(service)) continue;
    services.add(service);
    chosen.push(id);
  }
  return chosen;
}

/** What a container is one of: its service in a Compose project, else its image. */
export function serviceOf({ image, labels }: Pick<ContainerDetails, 'image' | 'labels'>): string {
  const project = labels['com.docker.compose.project'];
  return project === undefined ? image : `${project}/${labels['com.docker.compose.service']}`;
}
