import type { Client } from '../client.ts';
import { inspectIfThere } from '../lookup.ts';
import type { Inspect } from '../vendor.ts';
import { COPIES_OF } from './labels.ts';

/** So many other containers are copied along at most. */
const MOST_COMPANIONS = 8;
/** Networks that are there for all, not for those who belong together. */
const COMMON = new Set(['bridge', 'host', 'none']);

export interface Companion {
  readonly container: Inspect;
  /** Names by which the original finds it. */
  readonly aliases: readonly string[];
}

/** Running containers that an original finds by name: on networks of the user's that both are on, and by links. */
export async function companionsOf(
  client: Client,
  original: Inspect,
): Promise<{ companions: Companion[]; differences: string[] }> {
  const links = linksOf(original);
  const networks = Object.keys(original.NetworkSettings.Networks ?? {}).filter((name) => !COMMON.has(name));
  const listed = await client.ask('list containers', client.quick.listContainers({}));
  const found: Companion[] = [];
  const differences: string[] = [];
  for (const { Id, Labels: labels } of listed) {
    if (Id === original.Id || labels[COPIES_OF] !== undefined || 'pristine.standby-for' in labels) continue;
    const container = await inspectIfThere(client, Id);
    if (container === null) continue;
    const name = container.Name.slice(1);
    const shared = Object.entries(container.NetworkSettings.Networks ?? {}).filter(([network]) =>
      networks.includes(network),
    );
    const linked = links.get(name) ?? [];
    if (shared.length === 0 && linked.length === 0) continue;
    if (container.HostConfig.Privileged) {
      differences.push(`${name} was not copied along, as it is privileged.`);
      continue;
    }
    const own = shared.flatMap(([, { Aliases: aliases }]) => aliases ?? []);
    const names = [name, ...own, ...linked].filter((alias) => alias !== Id.slice(0, 12));
    found.push({ container, aliases: [...new Set(names)] });
  }
  // The oldest first: others were started to find them there.
  found.sort((a, b) => (a.container.Created < b.container.Created ? -1 : 1));
  for (const { container } of found.slice(MOST_COMPANIONS))
    differences.push(`${container.Name.slice(1)} was not copied along, as there are too many.`);
  return { companions: found.slice(0, MOST_COMPANIONS), differences };
}

/** Aliases of links by the name of the container: `/db:/web/database` is `db` as `database`. */
function linksOf({ HostConfig: { Links: links }, NetworkSettings: { Networks: networks } }: Inspect) {
  const aliases = new Map<string, string[]>();
  const onNetworks = Object.values(networks ?? {}).flatMap((endpoint) => endpoint.Links ?? []);
  for (const link of [...(links ?? []), ...onNetworks]) {
    const [target = '', alias = ''] = link.split(':');
    const name = target.replace(/^\//, '');
    aliases.set(name, [...(aliases.get(name) ?? []), alias.slice(alias.lastIndexOf('/') + 1)]);
  }
  return aliases;
}
