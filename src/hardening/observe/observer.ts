import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, Observation, WritePhase } from '../../contract/index.ts';
import type { ContainerDetails, Engine } from '../../engine/index.ts';
import type { ChangeSensor, DriftReader, ReadOptions, SensorEvent } from '../../sensor/index.ts';
import { capabilitiesOf } from '../capabilities.ts';
import { Contacts } from './contacts.ts';
import { ControlGroup } from './control-group.ts';
import { coveredBy } from './covered.ts';
import { lastOutput } from './last-output.ts';
import { codeOf, ProcessSamples, pidInNamespace } from './process-samples.ts';
import { findRefusals } from './refusals-in-output.ts';
import { listenTo, traceBeside } from './sensor-events.ts';
import { capabilitiesUsed } from './trace/grants.ts';
import type { TraceWord } from './trace/protocol.ts';
import type { TraceReader } from './trace/reader.ts';
import { TraceRecordings } from './trace/recordings.ts';
import { threadsLike } from './trace/threads.ts';
import { WrittenPaths } from './written-paths.ts';

export interface ObserverDependencies {
  readonly sensor: ChangeSensor;
  readonly reader: DriftReader;
  readonly engine: Pick<Engine, 'inspect' | 'logs'>;
}

/** Watches one run of a container, from before it starts until it has stopped. */
export interface CopyObserver extends AsyncDisposable {
  /** What follows belongs to this phase; it begins with `boot`. */
  phase(phase: WritePhase): void;
  /** It runs. @param details with its pid */
  started(details: ContainerDetails): Promise<void>;
  /** Waits until what happened so far is taken in, and its paths were looked at. */
  settle(): Promise<void>;
  /** Ends the watch; to be called when the container has stopped. */
  end(): Promise<Observation>;
}

const SAMPLE_EVERY_MS = 200;
/** What the sensor may hold an event back, and what it takes to bring it here. */
const ON_ITS_WAY_MS = 120;
const LOOK: ReadOptions = { hash: false, maxHashBytes: 0 };
const MOST_OUTPUT = 4 << 20;

/**
 * Begins to watch a container that was created and does not run yet, so that its first write is seen.
 *
 * @throws {PristineError} E_NOT_SUPPORTED where its filesystem is no overlay on this host
 */
export async function observeCopy(
  target: ContainerDetails,
  dependencies: ObserverDependencies,
): Promise<CopyObserver> {
  const observer = new Observer(target, dependencies);
  await observer.begin();
  return observer;
}

class Observer implements CopyObserver {
  #target: ContainerDetails;
  readonly #dependencies: ObserverDependencies;
  readonly #written: WrittenPaths;
  readonly #contacts: Contacts[] = [];
  /** What is there already, as the engine or an earlier run has left it: path to inode and ctime. */
  readonly #before = new Map<string, string>();
  readonly #toLookAt = new Set<string>();
  readonly #begun = new Date();
  #phase: WritePhase = 'boot';
  #stopListening: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #group: ControlGroup | null = null;
  #samples: ProcessSamples | null = null;
  #trace: TraceReader | null = null;
  readonly #told = new TraceRecordings();

  constructor(target: ContainerDetails, dependencies: ObserverDependencies) {
    this.#target = target;
    this.#dependencies = dependencies;
    this.#written = new WrittenPaths(coveredBy(target));
  }

  async begin(): Promise<void> {
    const { sensor, reader } = this.#dependencies;
    for await (const changes of reader.scanStream(this.#target, { ...LOOK, attributes: false }))
      for (const change of changes) this.#before.set(change.path, stampOf(change));
    const stopEvents = listenTo(sensor, (event) => this.#receive(event));
    this.#trace = await traceBeside(sensor);
    const stopWords = this.#trace?.listen((word) => this.#hear(word));
    this.#stopListening = () => {
      stopEvents();
      stopWords?.();
    };
    try {
      await sensor.watch(this.#target);
      await this.#trace?.watch(this.#target.id);
    } catch (error) {
      this.#stopListening();
      throw error;
    }
  }

  phase(phase: WritePhase): void {
    this.#phase = phase;
  }

  async started(details: ContainerDetails): Promise<void> {
    this.#target = details;
    this.#contacts.push(new Contacts(details));
    if (details.pid === null) return;
    await this.#dependencies.sensor.watch(details);
    await this.#trace?.watch(details.id, threadsLike(details.pid));
    this.#group = new ControlGroup(details.pid);
    this.#samples = new ProcessSamples(details.pid);
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
  }

  async settle(): Promise<void> {
    this.#sample();
    await sleep(ON_ITS_WAY_MS);
    await this.#trace?.flush();
    await this.#lookAtAll();
  }

  async end(): Promise<Observation> {
    await this.settle();
    await this[Symbol.asyncDispose]();
    await this.#lookAtTheEnd();
    for (const path of this.#told.executed) this.#written.executed(path);
    for (const contacts of this.#contacts)
      for (const { address, port } of this.#told.contacts) contacts.add(address, port);
    const said = findRefusals(await this.#output(), new Date().toISOString());
    return {
      writes: this.#written.list(),
      refusals: this.#told.refusalsWith(said),
      capabilitiesUsed: this.#trace?.seesCapabilities
        ? capabilitiesUsed(this.#told.grants, capabilitiesOf(this.#target))
        : null,
      processes: this.#samples?.list() ?? [],
      mostProcesses: this.#group?.mostProcesses ?? null,
      mostMemory: this.#group?.mostMemory ?? null,
      contacted: this.#contacts.flatMap((contacts) => contacts.list()),
      reloads: this.#samples?.reloads ?? false,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#stopListening === null) return;
    this.#stopListening();
    this.#stopListening = null;
    await this.#trace?.unwatch(this.#target.id);
    await this.#dependencies.sensor.unwatch(this.#target.id).catch(() => {});
  }

  #receive(event: SensorEvent): void {
    if (event.type !== 'touched' || event.containerId !== this.#target.id) return;
    const pid = event.process?.pid;
    const inside = pid === undefined ? null : (this.#samples?.insidePid(pid) ?? pidInNamespace(pid));
    const path = this.#written.touched(event, this.#phase, inside);
    if (path === null) return;
    this.#toLookAt.add(path);
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = null;
    });
  }

  #hear(word: TraceWord): void {
    if (word.type !== 'gap' && word.containerId === this.#target.id) this.#told.take(word);
  }

  async #lookAtAll(): Promise<void> {
    for (const path of this.#toLookAt) {
      this.#toLookAt.delete(path);
      this.#written.looked(path, await this.#look(path));
    }
  }

  /** Null also when it moved under the look: another event says so, and the end looks once more. */
  async #look(path: string): Promise<Change | null> {
    return this.#dependencies.reader.examine(this.#target, path, LOOK).catch(() => null);
  }

  /** What is there when nothing runs any more is what remains, whether an event told of it or not. */
  async #lookAtTheEnd(): Promise<void> {
    const remaining = new Set<string>();
    const { reader } = this.#dependencies;
    for await (const changes of reader.scanStream(this.#target, { ...LOOK, attributes: false })) {
      for (const change of changes) {
        remaining.add(change.path);
        if (this.#before.get(change.path) !== stampOf(change)) this.#written.found(change, this.#phase);
      }
    }
    for (const path of this.#written.paths())
      if (!remaining.has(path)) this.#written.looked(path, await this.#look(path));
  }

  #sample(): void {
    const { pid } = this.#target;
    if (pid === null || this.#group === null || this.#samples === null) return;
    this.#group.sample();
    const pids = this.#group.processes();
    if (this.#phase === 'steady' || this.#phase === 'reload') this.#samples.sample(pids);
    for (const one of pids.slice(0, 100)) for (const path of codeOf(one)) this.#written.executed(path);
    this.#contacts.at(-1)?.sample(pid);
  }

  /** Its words since it was begun to be watched. */
  async #output(): Promise<string> {
    // A container whose log cannot be read has its other witnesses.
    const text = await lastOutput(this.#dependencies.engine, this.#target.id, MOST_OUTPUT).catch(() => '');
    const since = this.#begun.toISOString().slice(0, 19);
    return text
      .split('\n')
      .filter((line) => !/^\d{4}-/.test(line) || line.slice(0, 19) >= since)
      .join('\n');
  }
}

function stampOf({ after }: Change): string {
  return `${after?.inode ?? ''} ${after?.ctime ?? ''}`;
}
