import { existsSync } from 'node:fs';
import { isLocal } from '../address.ts';
import type { Client } from '../client.ts';
import { engineFailure, statusOf } from '../failures.ts';
import { inspectIfThere, lookUp } from '../lookup.ts';
import { bridgeDevice } from '../networks.ts';
import type { Notes } from '../notes.ts';
import { WAITING_NETWORK } from '../waiting-network.ts';
import { drained } from './drain.ts';
import {
  changePacketFilter,
  type OwnRule,
  readPacketFilter,
  removals,
  routeLoopback,
} from './packet-filter.ts';
import { bindingsOf, leadRules, leads, passRules, type Redirection } from './rules.ts';
import { endSecondAddress, giveSecondAddress } from './second-address.ts';

/** Connections through a redirection have so long to end, in milliseconds. */
const DRAIN_MS = 3000;

/**
 * Leads new connections to the original's published IPv4 ports to the candidate on the waiting network; those that
 * the original has go on. Clients reach it as the host's address on that network. Idempotent.
 *
 * @returns false, with nothing changed, where there is no such port, no candidate there, or no packet filter that
 * the engine uses and we may change
 */
export async function redirect(
  client: Client,
  notes: Notes,
  id: string,
  candidateId: string,
): Promise<boolean> {
  if (!mayChange(client)) return false;
  const [original, note, waiting] = await Promise.all([
    lookUp(client, id),
    notes.read(id),
    inspectIfThere(client, candidateId),
  ]);
  const bindings = bindingsOf({ ...note?.ports, ...original.NetworkSettings.Ports });
  // By its id: there can be two of one name.
  const networkId = waiting?.NetworkSettings.Networks?.[WAITING_NETWORK]?.NetworkID;
  const network = networkId ? await waitingNetwork(client, networkId) : null;
  const candidate = network?.members.find((member) => member.id === candidateId);
  const pid = waiting?.State.Pid ?? 0;
  if (network === null || candidate === undefined || pid === 0 || bindings.length === 0) return false;
  if (!existsSync(`/sys/class/net/${network.bridge}`)) return false;
  const { bridge } = network;
  const address = (await giveSecondAddress(pid, bridge, candidate)) ?? candidate.address;
  return oneAtATime(() =>
    insert({ id: original.Id, candidate: candidate.id, bridge, address, bindings }, network.members),
  );
}

async function insert(redirection: Redirection, members: readonly Member[]): Promise<boolean> {
  const { usedByEngine, rules } = await readPacketFilter();
  if (!usedByEngine) return false;
  const old = rules.filter(
    (rule) => isOf(rule, redirection.id) || isStale(rule, redirection.bridge, members),
  );
  const pass = passRules(redirection);
  const before = removals(old);
  // In this order: nothing is led before it can pass and come back, and loopback is guarded before it is routed.
  const passes = await changePacketFilter({ filter: pass.filter });
  if (passes) await routeLoopback(redirection.bridge, true);
  const nat = [...(before.nat ?? []), ...pass.nat, ...leadRules(redirection)];
  if (passes && (await changePacketFilter({ nat, filter: before.filter ?? [] }))) return true;
  await remove((rule) => isOf(rule, redirection.id));
  return false;
}

/** A rule of a redirection that nobody ended: its candidate is not there any more. */
function isStale(rule: OwnRule, bridge: string, members: readonly Member[]): boolean {
  if (rule.bridge !== bridge) return !existsSync(`/sys/class/net/${rule.bridge}`);
  return !members.some(({ id }) => id.startsWith(rule.candidate));
}

/**
 * New connections go the engine's way again, at once. Resolves when those that were made through the redirection have
 * ended, or after 3 s; until then the candidate must keep its address on the waiting network. Idempotent.
 */
export async function endRedirection(client: Client, id: string): Promise<void> {
  if (!mayChange(client)) return;
  const [own] = (await readPacketFilter()).rules.filter((rule) => isOf(rule, id));
  if (own === undefined) return;
  await oneAtATime(() => remove((rule) => isOf(rule, id) && leads(rule.rule)));
  const pid = (await inspectIfThere(client, own.candidate))?.State.Pid ?? 0;
  if (pid > 0) await drained(pid, own.address, DRAIN_MS);
  await endSecondAddress(pid, own.bridge, own.address);
  await oneAtATime(() => remove((rule) => isOf(rule, id)));
}

async function remove(which: (rule: OwnRule) => boolean): Promise<void> {
  const { rules } = await readPacketFilter();
  const goes = rules.filter(which);
  const kept = rules.filter((rule) => !which(rule));
  for (const bridge of new Set(goes.map((rule) => rule.bridge))) {
    if (!kept.some((rule) => rule.bridge === bridge)) await routeLoopback(bridge, false);
  }
  await changePacketFilter(removals(goes));
}

function isOf(rule: OwnRule, id: string): boolean {
  return id.startsWith(rule.id);
}

/** The filter of another machine is out of reach. */
function mayChange(client: Client): boolean {
  return isLocal(client.address) && process.getuid?.() === 0;
}

interface Member {
  readonly id: string;
  readonly address: string;
  readonly mac: string;
}

interface NetworkAnswer {
  readonly Id: string;
  readonly Options?: Readonly<Record<string, string>> | null;
  readonly Containers?: Readonly<
    Record<string, { readonly IPv4Address: string; readonly MacAddress: string }>
  > | null;
}

async function waitingNetwork(
  client: Client,
  networkId: string,
): Promise<{ bridge: string; members: readonly Member[] } | null> {
  try {
    const answer = (await client.quick.getNetwork(networkId).inspect()) as NetworkAnswer;
    return {
      bridge: bridgeDevice(answer.Id, answer.Options),
      members: Object.entries(answer.Containers ?? {}).map(([id, { IPv4Address, MacAddress }]) => ({
        ...{ id, address: IPv4Address.replace(/\/\d+$/, ''), mac: MacAddress },
      })),
    };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw engineFailure(error, `inspect the network ${WAITING_NETWORK}`, client.address.endpoint);
  }
}

let last: Promise<unknown> = Promise.resolve();

/** What reads the filter and then changes it must not meet another that does. */
function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}
