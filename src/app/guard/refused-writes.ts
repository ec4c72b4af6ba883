import { type GuardEvent, PLAN_LABEL, type RefusedWrite } from '../../contract/index.ts';
import type { ContainerDetails, Engine } from '../../engine/index.ts';
import type { RefusalReader } from '../../hardening/index.ts';
import { type Clock, isWithin } from '../../kernel/index.ts';
import { refusalsInOutput, rememberedRefusals, rememberRefusals } from '../refused-writes.ts';

export interface RefusedWritesOptions {
  readonly engine: Pick<Engine, 'logs'>;
  readonly stateDirectory: string;
  /** Null where the kernel does not tell of refused writes: then the containers' output is read. */
  readonly openReader: () => Promise<RefusalReader | null>;
  readonly clock: Clock;
  readonly emit: (event: GuardEvent) => void;
  readonly onProblem: (error: unknown) => void;
}

/** So many are told of one container a minute; all are remembered. */
const MOST_A_MINUTE = 20;
const MINUTE_MS = 60_000;

/** Whether a write was meant for the root filesystem: what else is read-only, no plan makes writable. */
function isOnRoot({ details: { mounts } }: Followed): (write: RefusedWrite) => boolean {
  const others = ['/proc', '/sys', ...mounts.map(({ destination }) => destination)];
  return ({ path }) => path === null || !others.some((other) => isWithin(path, other));
}

interface Followed {
  readonly details: ContainerDetails;
  /** Where output was read to, ISO 8601. */
  lookedAt: string;
  /** A refused write without a path, since. */
  unnamed: RefusedWrite | null;
  /** How many were told since, and untold beyond those. */
  since: number;
  told: number;
  untold: number;
}

/** Notices what read-only containers are refused to write, tells each path once, and remembers it for the next plan. */
export class RefusedWrites {
  readonly #options: RefusedWritesOptions;
  readonly #followed = new Map<string, Followed>();
  #reader: Promise<RefusalReader | null> | null = null;
  /** What is written to the state directory, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: RefusedWritesOptions) {
    this.#options = options;
  }

  /** Follows a container from now on, when its root is read-only; its processes may be new ones. */
  async follow(details: ContainerDetails): Promise<void> {
    const { id, pid, security } = details;
    if (!security.readOnlyRoot || pid === null || this.#closed) return;
    if (this.#followed.get(id)?.details.pid === pid) return;
    const now = this.#options.clock.now();
    const fresh = { since: now.getTime(), told: 0, untold: 0, unnamed: null };
    // What it said when it began is of interest too: it may have been hardened a moment ago.
    const lookedAt = this.#followed.get(id)?.lookedAt ?? details.startedAt ?? now.toISOString();
    this.#followed.set(id, { ...fresh, details, lookedAt });
    this.#reader ??= this.#open();
    try {
      await (await this.#reader)?.add(id, pid);
    } catch (error) {
      this.#options.onProblem(error);
    }
  }

  async forget(id: string): Promise<void> {
    if (this.#followed.delete(id)) await (await this.#reader)?.remove(id);
  }

  /** Sees to whom there is to follow, and reads what they said where the kernel does not tell. */
  async tick(watched: readonly { readonly details: ContainerDetails }[]): Promise<void> {
    const present = new Set(watched.map(({ details }) => details.id));
    for (const id of [...this.#followed.keys()]) if (!present.has(id)) await this.forget(id);
    for (const { details } of watched) await this.follow(details);
    const reader = await this.#reader;
    for (const followed of this.#followed.values())
      if (reader === null || followed.unnamed !== null) await this.#readOutput(followed);
    await this.#work;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#followed.clear();
    await (await this.#reader)?.[Symbol.asyncDispose]();
    await this.#work;
  }

  async #open(): Promise<RefusalReader | null> {
    const reader = await this.#options.openReader().catch(() => null);
    if (reader !== null) void this.#read(reader).catch(this.#options.onProblem);
    return reader;
  }

  async #read(reader: RefusalReader): Promise<void> {
    for await (const { containerId, refusal } of reader.events()) this.#take(containerId, [refusal]);
  }

  #take(id: string, writes: readonly RefusedWrite[]): void {
    this.#work = this.#work.then(() => this.#remember(id, writes)).catch(this.#options.onProblem);
  }

  async #remember(id: string, writes: readonly RefusedWrite[]): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed === undefined) return;
    const named = writes.filter(({ path }) => path !== null);
    followed.unnamed ??= writes.find(({ path }) => path === null) ?? null;
    const fresh = await rememberRefusals(this.#options, followed.details, named.filter(isOnRoot(followed)));
    for (const write of fresh) this.#tell(followed, write);
  }

  /**
   * A process that ends at once takes the path with it that the kernel's word lacks, but many programs have said it.
   * One without a path is kept only where nothing else tells of refused writes.
   */
  async #readOutput(followed: Followed): Promise<void> {
    const { engine, clock } = this.#options;
    const { details, lookedAt, unnamed } = followed;
    followed.lookedAt = clock.now().toISOString();
    followed.unnamed = null;
    // One that is gone, or whose output cannot be read, says nothing.
    const said = await refusalsInOutput(engine, details.id, lookedAt).catch(() => []);
    this.#take(details.id, said);
    await this.#work;
    if (unnamed === null || (await rememberedRefusals(this.#options, details)).length > 0) return;
    for (const write of await rememberRefusals(this.#options, details, [unnamed]))
      this.#tell(followed, write);
  }

  #tell(followed: Followed, write: RefusedWrite): void {
    const { clock, emit } = this.#options;
    const now = clock.now();
    if (now.getTime() - followed.since >= MINUTE_MS)
      Object.assign(followed, { since: now.getTime(), told: 0 });
    if (followed.told >= MOST_A_MINUTE) {
      followed.untold += 1;
      return;
    }
    const { id, name, labels } = followed.details;
    emit({
      ...{ type: 'refused-write', at: now.toISOString(), container: { id, name }, write },
      ...{ plan: labels[PLAN_LABEL] ?? null, untold: followed.untold },
      next: `pristine harden ${name} --amend`,
    });
    followed.told += 1;
    followed.untold = 0;
  }
}
