import { setTimeout as sleep } from 'node:timers/promises';
import type { Docker } from '../docker.ts';

const KINDS = [
  { kind: 'container', list: ['ps', '-a'], remove: ['rm', '-f', '-v'] },
  { kind: 'network', list: ['network', 'ls'], remove: ['network', 'rm'] },
  { kind: 'volume', list: ['volume', 'ls'], remove: ['volume', 'rm', '-f'] },
] as const;

/** What carries a label: `container 0123abcd`, `network …`, `volume …`. */
export async function whatCarries(docker: Docker, label: string): Promise<string[]> {
  const found: string[] = [];
  for (const { kind, list } of KINDS) {
    for (const id of await docker.lines([...list, '-q', '--filter', `label=${label}`]))
      found.push(`${kind} ${id}`);
  }
  return found;
}

/** An engine that is busy with other networks refuses to remove one now and then; so often each is tried. */
const ATTEMPTS = 3;

/** Removes every container, network and volume that carries a label; answers with what would not go. */
export async function removeAll(docker: Docker, label: string): Promise<string[]> {
  for (const { kind, remove } of KINDS) {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const ids = (await whatCarries(docker, label))
        .filter((found) => found.startsWith(kind))
        .map((found) => found.slice(kind.length + 1));
      if (ids.length === 0) break;
      if (attempt > 1) await sleep(200 * attempt);
      await docker.attempt([...remove, ...ids]);
    }
  }
  return whatCarries(docker, label);
}
