/**
 * What a lock has done, or is about to do, to a container's mounts: on disk before the effect, so that it can be
 * undone whenever Pristine ended in between.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemErrorCode } from '../kernel/index.ts';
import { lockFile } from '../linux/index.ts';

const flag = z.enum(['readOnly', 'nosuid', 'nodev', 'noexec']);

const actionSchema = z.discriminatedUnion('kind', [
  /** Flags that a mount did not have before. */
  z.object({ kind: z.literal('flags'), mount: z.int(), path: z.string(), set: z.array(flag) }),
  /** A directory or file that was mounted over itself. */
  z.object({ kind: z.literal('bind'), path: z.string(), access: z.enum(['read-only', 'writable']) }),
]);
export type Action = z.infer<typeof actionSchema>;

const recordSchema = z.object({
  version: z.literal(1),
  container: z.object({ id: z.string(), name: z.string() }),
  /** The container's init, whose mount namespace it is: a restarted container has another. */
  init: z.object({ pid: z.int(), startTicks: z.string() }),
  allow: z.array(z.string()),
  actions: z.array(actionSchema),
});
export type LockRecord = z.infer<typeof recordSchema>;

/** Start time of a process in clock ticks since boot (proc(5)), which tells a reused pid apart; empty when it is gone. */
export async function startTicks(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Records of locks, one file a container. */
export class LockRecords {
  readonly #folder: string;

  constructor(stateDirectory: string) {
    this.#folder = join(stateDirectory, 'locks');
  }

  /** The record of a container; null when there is none that can be read. */
  async read(containerId: string): Promise<LockRecord | null> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(this.#path(containerId), 'utf8')));
    } catch (error) {
      // A damaged record is as none: unlock then goes by what is mounted.
      if (systemErrorCode(error) === undefined || systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** Puts a record on disk, whole or not at all. */
  async write(record: LockRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(record.container.id);
    const aside = `${path}.${randomBytes(6).toString('hex')}`;
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
    const folder = await open(this.#folder);
    await folder.sync().finally(() => folder.close());
  }

  /** Waits until nobody else locks or unlocks with this state directory. */
  async takeTurn(): Promise<Disposable> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = openSync(join(this.#folder, 'turn'), 'a', 0o600);
    await lockFile(file);
    return { [Symbol.dispose]: () => closeSync(file) };
  }

  async remove(containerId: string): Promise<void> {
    await rm(this.#path(containerId), { force: true });
  }

  /** Records of locks that hold now. */
  async inForce(): Promise<LockRecord[]> {
    return (await this.#all()).filter(({ alive }) => alive).map(({ record }) => record);
  }

  /** Removes records of containers that have ended since. */
  async removeEnded(): Promise<void> {
    for (const { record, alive } of await this.#all()) if (!alive) await this.remove(record.container.id);
  }

  async #all(): Promise<{ record: LockRecord; alive: boolean }[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
    const records = (await Promise.all(ids.map((id) => this.read(id)))).filter((record) => record !== null);
    return Promise.all(records.map(async (record) => ({ record, alive: await isAlive(record) })));
  }

  #path(containerId: string): string {
    return join(this.#folder, `${containerId.replaceAll(/[^\w.-]/g, '_')}.json`);
  }
}

/** Ids of the containers that are locked now; none where this user may not know. */
export async function lockedContainers(stateDirectory: string): Promise<ReadonlySet<string>> {
  const records = await new LockRecords(stateDirectory).inForce().catch(() => []);
  return new Set(records.map(({ container }) => container.id));
}

/** Whether the processes that a lock was for are still there. */
export async function isAlive({ init }: LockRecord): Promise<boolean> {
  return (await startTicks(init.pid)) === init.startTicks;
}
