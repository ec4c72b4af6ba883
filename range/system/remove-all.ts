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

/** Removes every container, network and volume that carries a label; answers with what would not go. */
export async function removeAll(docker: Docker, label: string): Promise<string[]> {
  for (const { kind, remove } of KINDS) {
    const ids = (await whatCarries(docker, label))
      .filter((found) => found.startsWith(kind))
      .map((found) => found.slice(kind.length + 1));
    if (ids.length > 0) await docker.attempt([...remove, ...ids]);
  }
  return whatCarries(docker, label);
}
