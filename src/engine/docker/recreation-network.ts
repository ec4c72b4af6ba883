import type { Endpoint, HostConfig, PortMap } from './vendor.ts';

/** The network that the container was created on, as the engine lists it; null when it has none to name. */
export function primaryNetwork(mode: string, networks: Readonly<Record<string, Endpoint>>): string | null {
  if (['host', 'none'].includes(mode) || mode.startsWith('container:')) return null;
  const wanted = mode === 'default' ? 'bridge' : mode;
  if (wanted in networks) return wanted;
  const byId = Object.entries(networks).find(([, endpoint]) => endpoint.NetworkID === wanted);
  return byId?.[0] ?? Object.keys(networks)[0] ?? null;
}

/** The mode as it was, unless the container has left that network since. */
export function networkModeOf(mode: string, primary: string | null, endpoint: Endpoint | undefined): string {
  if (primary === null || mode === primary || mode === endpoint?.NetworkID) return mode;
  return mode === 'default' && primary === 'bridge' ? mode : primary;
}

type Binding = NonNullable<PortMap[string]>[number];

/**
 * Ports as asked for; where the engine had chosen the host's port, the same one, since clients know it.
 *
 * @param actual where the ports answered, from an inspect of the running container
 */
export function pinnedPorts(host: HostConfig, actual: PortMap): PortMap {
  const asked = host.PortBindings ?? {};
  const bindings = Object.entries(asked).map(
    ([inside, given]) => [inside, pinned(given ?? [], actual[inside] ?? [])] as const,
  );
  const published = Object.entries(host.PublishAllPorts ? actual : {})
    .filter(([inside, answers]) => !(inside in asked) && answers?.length)
    .map(([inside, answers]) => [inside, pinned([{ HostIp: '', HostPort: '' }], answers ?? [])] as const);
  return Object.fromEntries([...bindings, ...published]);
}

function pinned(given: readonly Binding[], actual: readonly Binding[]): readonly Binding[] {
  const fixed = given.filter(isFixed);
  const taken = new Set(fixed.map(({ HostIp, HostPort }) => `${HostIp} ${HostPort}`));
  const take = (address: string): Binding[] => {
    const answer = actual.find(
      ({ HostIp, HostPort }) => HostIp === address && !taken.has(`${HostIp} ${HostPort}`),
    );
    if (answer === undefined) return [];
    taken.add(`${address} ${answer.HostPort}`);
    return [answer];
  };
  return given.flatMap((binding) => {
    if (isFixed(binding)) return [binding];
    if (binding.HostIp !== '') return [take(binding.HostIp)[0] ?? binding];
    // An engine may choose a port for IPv4 and another one for IPv6.
    const [first, ...others] = [...take('0.0.0.0'), ...take('::')];
    if (first === undefined) return [binding];
    const same = others.every(({ HostPort }) => HostPort === first.HostPort);
    return same ? [{ ...binding, HostPort: first.HostPort }] : [first, ...others];
  });
}

/** Whether a binding names one host port; none, `0` and a range leave the choice to the engine. */
export function isFixed({ HostPort }: Binding): boolean {
  return /^[1-9]\d*$/.test(HostPort);
}
