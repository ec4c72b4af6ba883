/** Attacks tried twice: without a guard, to see that they work, and under `pristine guard --mode protect`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardEvent } from '../../src/contract/index.ts';
import { testLabel } from '../support/engine.ts';
import { RunningGuard, temporaryState } from '../support/guard.ts';
import { type Attack, type Attempts, attempt, folderOf, prepare } from './attack.ts';
import { type Attacked, startContainers } from './containers.ts';
import { ensureAttackImage, makePayload, type Payload, VICTIMS } from './image.ts';

/** How an attack went under the guard, and what the guard said of it. */
export interface Outcome extends Attempts {
  readonly id: string;
  /** Types of the guard's events about the container, from the attack on: `denied`, `finding`. */
  readonly told: readonly ('denied' | 'finding')[];
}

/** Attempts each attack in containers that nobody guards. */
export async function tryUnguarded(
  attacks: readonly Attack[],
  attempts: number,
): Promise<ReadonlyMap<string, Attempts>> {
  const image = await ensureAttackImage();
  const payload = await makePayload(image, testLabel());
  await using containers = await startContainers(image);
  await prepareAll(attacks, containers, payload);
  const results = new Map<string, Attempts>();
  for (const [index, attack] of attacks.entries()) {
    const firstVictim = victimOf(index, attempts);
    results.set(
      attack.id,
      await attempt(attack, containers.name(attack.where), payload, { attempts, firstVictim }),
    );
  }
  return results;
}

/** Attempts each attack in containers that one guard protects, with the default policy. */
export async function tryGuarded(
  attacks: readonly Attack[],
  attempts: number,
): Promise<ReadonlyMap<string, Outcome>> {
  const image = await ensureAttackImage();
  const payload = await makePayload(image, testLabel());
  await using containers = await startContainers(image);
  await prepareAll(attacks, containers, payload);
  using state = temporaryState();
  await using guard = new RunningGuard(state.path, [...containers.names, '--mode', 'protect']);
  await guard.waitFor('ready');
  const results = new Map<string, Outcome>();
  for (const [index, attack] of attacks.entries()) {
    const name = containers.name(attack.where);
    const from = attack.before === undefined ? guard.events.length : 0;
    const result = await attempt(attack, name, payload, {
      attempts,
      firstVictim: victimOf(index, attempts),
    });
    const about = () => guard.events.slice(from).filter((event) => concerns(event, name, attack, attacks));
    const awaited = attack.unseen === true ? null : attack.expected === 'denied' ? 'denied' : 'finding';
    const isEnough = attack.expected === 'denied' || attack.expected === 'detected';
    await settle(guard, () => !isEnough || awaited === null || about().some(({ type }) => type === awaited));
    const told = new Set(about().map(({ type }) => type as 'denied' | 'finding'));
    results.set(attack.id, { ...result, id: attack.id, told: [...told].sort() });
  }
  const code = await guard.stop();
  if (code !== 0) throw new Error(`the guard ended with ${code}`);
  return results;
}

async function prepareAll(attacks: readonly Attack[], containers: Attacked, payload: Payload): Promise<void> {
  for (const attack of attacks) await prepare(attack, containers.name(attack.where), payload);
}

/** Each attack has programs of the image of its own as long as there are enough. */
function victimOf(index: number, attempts: number): number {
  return 1 + ((index * attempts) % (VICTIMS - attempts));
}

/** Waits until the guard has said what it has to say: `enough`, or nothing more for a while. */
async function settle(guard: RunningGuard, enough: () => boolean): Promise<void> {
  for (let waited = 0, quiet = 0; waited < 100 && quiet < (enough() ? 2 : 30); waited++) {
    const seen = guard.events.length;
    await sleep(100);
    quiet = seen === guard.events.length ? quiet + 1 : 0;
  }
}

/** Whether an event is about the attack: of its container, and about no file of another attack. */
function concerns(event: GuardEvent, container: string, attack: Attack, all: readonly Attack[]): boolean {
  if (event.type !== 'denied' && event.type !== 'finding') return false;
  if (event.container.name !== container) return false;
  const path = event.type === 'denied' ? event.path : event.finding.path;
  const owner = all.find((other) => path.startsWith(`${folderOf(other)}/`));
  return owner === undefined || owner === attack;
}

/** What went otherwise than expected, in a sentence; null when nothing did. */
export function surprise(attack: Attack, unguarded: Attempts | undefined, guarded: Outcome): string | null {
  const { id, expected } = attack;
  const said = `it said: ${guarded.said}`;
  if (unguarded !== undefined && unguarded.wins < unguarded.attempts)
    return `${id}: works without a guard ${unguarded.wins} times of ${unguarded.attempts}; it said: ${unguarded.said}`;
  if (expected === 'denied') {
    if (guarded.wins > 0) return `${id}: won ${guarded.wins} of ${guarded.attempts}; told: ${guarded.told}`;
    if (attack.unseen !== true && !guarded.told.includes('denied'))
      return `${id}: did not win, but nothing was denied; ${said}`;
    return null;
  }
  if (guarded.wins < guarded.attempts && attack.window !== true)
    return `${id}: ${expected}, but only ${guarded.wins} of ${guarded.attempts} ran; told: ${guarded.told}; ${said}`;
  if (expected === 'detected' && guarded.told.length === 0) return `${id}: ran, and nobody told`;
  return null;
}
