import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError } from '../kernel/index.ts';
import { FileIdentity, type MountPoint, SafeDirectory } from '../linux/index.ts';
import { carryOut, takeBack, unmountAll } from './carry-out.ts';
import { describe } from './describe.ts';
import { findHolders } from './holders.ts';
import type { MountNamespace } from './namespace.ts';
import { checkAllowed, coverable, lackingOwnMount } from './places.ts';
import { isBelow, planMounts, rootOf } from './plan.ts';
import { type Action, isAlive, type LockRecord, LockRecords } from './record.ts';
import type { Holder, LockReport } from './report.ts';
import { type AskAgain, enter, type LockTarget } from './target.ts';

/** A file that is open for a moment only need not keep the root writable. */
const TRIES = 4;
const PAUSE_MS = 25;

export interface LockOptions {
  readonly stateDirectory: string;
  /** Absolute paths, without a slash at the end, that stay as they are with what lies below. */
  readonly allow: readonly string[];
  readonly again: AskAgain;
}

/**
 * Makes a running container read-only on the spot, by flags of its mounts: its root as a whole, or, where a process
 * has a file open for writing, each directory and file of the root by itself. Locking again adjusts
 * what is allowed. What is about to be done is on disk before it is done.
 *
 * @throws {PristineError} E_NEEDS_ROOT, E_NOT_SUPPORTED, E_NO_SUCH_PATH and E_UNSAFE_PATH for what is allowed
 */
export async function lock(target: LockTarget, options: LockOptions): Promise<LockReport> {
  await using entered = await enter(target, options.again);
  const records = new LockRecords(options.stateDirectory);
  using _turn = await records.takeTurn();
  await records.removeEnded();
  const kept = await records.read(target.id);
  const container = { id: target.id, name: target.name };
  const record: LockRecord =
    kept !== null && (await isAlive(kept))
      ? { ...kept, allow: [...options.allow] }
      : { version: 1, container, init: entered.init, allow: [...options.allow], actions: [] };
  // Awaited here, as the namespace is left at the end of this scope.
  return await new Locking(target, entered.namespace, records, record).run();
}

/** One lock, from the mount table that it finds to the one that it leaves. */
class Locking {
  readonly #target: LockTarget;
  readonly #namespace: MountNamespace;
  readonly #records: LockRecords;
  readonly #failures = new Map<string, string>();
  #record: LockRecord;
  #uncovered = 0;

  constructor(target: LockTarget, namespace: MountNamespace, records: LockRecords, record: LockRecord) {
    this.#target = target;
    this.#namespace = namespace;
    this.#records = records;
    this.#record = record;
  }

  async run(): Promise<LockReport> {
    const { allow, init } = this.#record;
    checkAllowed(this.#namespace.root, allow);
    await this.#disallow();
    const { flags } = planMounts(this.#namespace.mounts(), this.#target.mounts, allow);
    await this.#do(
      flags.map(({ mount, set }) => ({ kind: 'flags', mount: mount.id, path: mount.path, set: [...set] })),
    );
    // Whoever stands in an allowed directory, or has a file open there, came through the root mount: it has to stay
    // writable for them.
    const isNeeded = this.#holders().some(({ how, path }) => how !== 'mapping' && isBelow(path, allow));
    if (isNeeded || !(await this.#lockRoot())) await this.#cover();
    if (isNeeded) await this.#unlockRoot();
    return describe({
      container: this.#record.container,
      initPid: init.pid,
      mounts: this.#namespace.mounts(),
      engineMounts: this.#target.mounts,
      allow,
      holders: this.#holders(),
      failures: this.#failures,
      uncovered: this.#uncovered,
    });
  }

  /** Takes back what an earlier lock left writable and is not allowed any more, and the reverse. */
  async #disallow(): Promise<void> {
    const { actions, allow } = this.#record;
    const kept: Action[] = [];
    for (const action of actions) {
      const isAllowed = isBelow(action.path, allow);
      if (action.kind === 'flags' && isAllowed) await takeBack(this.#namespace, action);
      else kept.push(action);
      if (action.kind === 'bind' && action.access === 'writable' && !isAllowed) {
        await unmountAll(this.#namespace, action.path, ({ readOnly }) => !readOnly);
      }
    }
    this.#record = { ...this.#record, actions: kept };
    if (actions.length > 0) await this.#records.write(this.#record);
  }

  /** Makes the root read-only as a whole; false when a file on it is open for writing. */
  async #lockRoot(): Promise<boolean> {
    const root = this.#root();
    await this.#allowWritable();
    if (root.readOnly) return true;
    const action: Action = { kind: 'flags', mount: root.id, path: '/', set: ['readOnly'] };
    await this.#intend([action]);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await sleep(PAUSE_MS);
      const error = await carryOut(this.#namespace, action);
      if (error === null) return true;
      if (error !== 'EBUSY') throw cannotLock(this.#target.name, error);
    }
    return false;
  }

  /** Mounts each directory and file of the root read-only over itself. */
  async #cover(): Promise<void> {
    if (this.#root().shared) {
      this.#failures.set(
        '/',
        'its root is shared with other mount namespaces, where covers would appear too',
      );
      return;
    }
    const { root } = this.#namespace;
    const { covers, beyond } = coverable(root, this.#namespace.mounts(), this.#record.allow);
    this.#uncovered = beyond;
    await this.#do(covers.map((path) => ({ kind: 'bind', path, access: 'read-only' })));
    await this.#allowWritable();
  }

  async #unlockRoot(): Promise<void> {
    const root = this.#root();
    const action = this.#record.actions.find((each) => each.kind === 'flags' && each.mount === root.id);
    if (action !== undefined) await takeBack(this.#namespace, action);
  }

  async #allowWritable(): Promise<void> {
    const lacking = lackingOwnMount(this.#namespace.mounts(), this.#record.allow);
    await this.#do(lacking.map(({ path }) => ({ kind: 'bind', path, access: 'writable' })));
  }

  async #do(actions: readonly Action[]): Promise<void> {
    await this.#intend(actions);
    for (const action of actions) {
      const error = await carryOut(this.#namespace, action);
      // A mount that lies hidden under another one cannot be reached, by nobody.
      if (error !== null && !(error === 'gone' && action.kind === 'flags')) {
        this.#failures.set(action.path, error);
      }
    }
  }

  async #intend(actions: readonly Action[]): Promise<void> {
    if (actions.length === 0) return;
    const known = new Set(this.#record.actions.map((each) => JSON.stringify(each)));
    const added = actions.filter((each) => !known.has(JSON.stringify(each)));
    this.#record = { ...this.#record, actions: [...this.#record.actions, ...added] };
    await this.#records.write(this.#record);
  }

  #root(): MountPoint {
    const root = rootOf(this.#namespace.mounts());
    if (root?.type === 'overlay') return root;
    throw cannotLock(this.#target.name, `its root is no overlay but ${root?.type ?? 'not mounted'}`);
  }

  #holders(): Holder[] {
    const { device, id: mount } = this.#root();
    const { id: containerId, overlay } = this.#target;
    const devices = new Set([device, ...(overlay === null ? [] : [deviceOf(overlay.upper)])]);
    return findHolders({
      containerId,
      initPid: this.#record.init.pid,
      mount,
      devices,
      except: this.#namespace.pid,
    });
  }
}

/** The device of a directory of the host. */
function deviceOf(path: string): number {
  using directory = SafeDirectory.openTrusted(path);
  return new FileIdentity().read(directory.descriptor).device;
}

function cannotLock(name: string, why: string): PristineError {
  return new PristineError('E_NOT_SUPPORTED', `${name} cannot be made read-only: ${why}`, {
    next: `Run "pristine unlock ${name}" to undo what was done before that.`,
  });
}
