import { announce } from '../../linux/index.ts';
import { isLocal } from './address.ts';
import type { Client } from './client.ts';
import { bridgeDevice } from './networks.ts';
import type { Inspect } from './vendor.ts';

interface NetworkAnswer {
  readonly Driver?: string;
  readonly Options?: Record<string, string> | null;
}

/** Tells everybody on a container's bridges that its addresses are its own now, lest they wait for an answer. */
export async function announceAddresses(client: Client, container: Inspect): Promise<void> {
  if (!isLocal(client.address)) return;
  const endpoints = Object.values(container.NetworkSettings.Networks ?? {});
  await Promise.all(
    endpoints.map(async ({ NetworkID, MacAddress: mac, IPAddress, GlobalIPv6Address }) => {
      if (!NetworkID || !mac) return;
      const bridge = await bridgeOf(client, NetworkID);
      for (const address of [IPAddress, GlobalIPv6Address]) {
        if (bridge !== null && address) announce({ bridge, address, mac });
      }
    }),
  );
}

/** The device of a bridge network; null for any other. */
async function bridgeOf(client: Client, id: string): Promise<string | null> {
  try {
    const network: NetworkAnswer = (await client.quick.getNetwork(id).inspect()) as object;
    return network.Driver === 'bridge' ? bridgeDevice(id, network.Options) : null;
  } catch {
    return null;
  }
}
