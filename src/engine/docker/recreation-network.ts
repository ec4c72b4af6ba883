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
  const taken = new Set(given.filter(isFixed).map(({ HostIp, HostPort }) => `${HostIp} ${HostPort}`));
  return given.map((binding) => {
    if (isFixed(binding)) return binding;
    const answer = actual.find(
      ({ HostIp, HostPort }) =>
        sameAddress(binding.HostIp, HostIp) && !taken.has(`${binding.HostIp} ${HostPort}`),
    );
    if (answer === undefined) return binding;
    taken.add(`${binding.HostIp} ${answer.HostPort}`);
    return { ...binding, HostPort: answer.HostPort };
  });
}

/** Whether a binding names one host port; none, `0` and a range leave the choice to the engine. */
export function isFixed({ HostPort }: Binding): boolean {
  return /^[1-9]\d*$/.test(HostPort);
}

function sameAddress(asked: string, answers: string): boolean {
  return asked === answers || (asked === '' && ['0.0.0.0', '::'].includes(answers));
}
