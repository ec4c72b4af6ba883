import { openSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  addPermissionMark,
  answer,
  closeDescriptor,
  FileIdentity,
  O_PATH,
  PERMISSION,
  type PermissionEvent,
  removePermissionMark,
} from '../../linux/index.ts';
import type { LayerTarget } from '../port.ts';
import { type EnforcerReport, REMOVAL_LONGEST_WAIT_MS, REMOVAL_WAIT_MS } from '../protocol.ts';

const ASKED = PERMISSION.OPEN | PERMISSION.ON_DIRECTORIES;
/** What the engine opens of a layer when it removes it, in this order; whatever it deletes, it deletes later. */
const LINK = 'link';
const ENGINE = 'dockerd';
/** The removal that was let opens the layer several times. */
const LET_FOR_MS = 10_000;
/** A refusal is told once in so long. */
const TELL_AGAIN_MS = 1000;

interface Layer {
  readonly target: LayerTarget;
  readonly places: readonly Place[];
  held: boolean;
  asked: Question | null;
  letUntil: number;
  toldAt: number;
}

interface Question {
  readonly at: number;
  /** When the guard has spoken of it last. */
  heardAt: number;
  readonly waiting: PermissionEvent[];
}

interface Place {
  readonly path: string;
  readonly device: number;
  readonly key: string;
}

/**
 * Writable layers that the engine may not remove, or not unasked. Docker's driver overlay2 reads the file `link` of
 * the layer's directory, removes the link in `l` that it names, and then opens the directory to empty it
 * (daemon/graphdriver/overlay2/overlay.go, Remove). It goes on when the first fails, and gives up when the second
 * does: the whole layer stays, and the container is dead.
 */
export class Layers {
  readonly #group: number;
  readonly #report: (report: EnforcerReport) => void;
  readonly #byId = new Map<string, Layer>();
  readonly #byDevice = new Map<number, Map<string, Layer>>();

  constructor(group: number, report: (report: EnforcerReport) => void) {
    this.#group = group;
    this.#report = report;
  }

  /**
   * From now on the engine asks before it removes the layer, or is refused.
   * @throws {PristineError} E_SYSCALL, or Node's error when there is no such layer
   */
  watch(target: LayerTarget, held: boolean): void {
    const known = this.#byId.get(target.id);
    if (known !== undefined) {
      if (held) this.#hold(known);
      return;
    }
    const folder = dirname(target.upper);
    const places: Place[] = [];
    const layer: Layer = { target, places, held, asked: null, letUntil: 0, toldAt: 0 };
    this.#byId.set(target.id, layer);
    try {
      for (const path of [join(folder, LINK), folder]) {
        const place = this.#mark(path);
        places.push(place);
        const ofDevice = this.#byDevice.get(place.device) ?? new Map<string, Layer>();
        this.#byDevice.set(place.device, ofDevice.set(place.key, layer));
      }
    } catch (error) {
      this.release(target.id);
      throw error;
    }
  }

  release(containerId: string): void {
    const layer = this.#byId.get(containerId);
    if (layer === undefined) return;
    this.#byId.delete(containerId);
    this.#settle(layer, true);
    for (const { path, device, key } of layer.places) {
      const ofDevice = this.#byDevice.get(device);
      ofDevice?.delete(key);
      if (ofDevice?.size === 0) this.#byDevice.delete(device);
      this.#unmark(path, key);
    }
  }

  /** What the guard says to the question of the time `at`; null: it is still looking. */
  decide(containerId: string, at: number, keep: boolean | null): void {
    const layer = this.#byId.get(containerId);
    if (layer === undefined || layer.asked?.at !== at) return;
    if (keep === null) layer.asked.heardAt = Date.now();
    else if (keep) this.#hold(layer);
    else this.#let(layer);
  }

  /**
   * Answers an event on a layer now, or once the guard has decided; its descriptor is closed then.
   * @returns false when the event is about something else
   */
  handle(event: PermissionEvent, identity: FileIdentity): boolean {
    const layer = this.#byDevice.get(identity.device)?.get(identity.key);
    if (layer === undefined) return false;
    const now = Date.now();
    if (!isEngine(event.thread) || now < layer.letUntil) this.#answer(event, true);
    else if (layer.held) this.#refuse(layer, event, now);
    else if (layer.asked !== null) layer.asked.waiting.push(event);
    else {
      layer.asked = { at: now, heardAt: now, waiting: [event] };
      this.#report({ type: 'removal-asked', containerId: layer.target.id, at: now });
    }
    return true;
  }

  /** Milliseconds until {@link expire} is due; null when nobody waits. */
  dueIn(): number | null {
    const now = Date.now();
    const left = [...this.#byId.values()].flatMap(({ asked }) =>
      asked === null ? [] : [timeLeft(asked, now)],
    );
    return left.length === 0 ? null : Math.max(0, Math.min(...left));
  }

  /** Lets those go on that have waited for long enough. */
  expire(): void {
    const now = Date.now();
    for (const layer of this.#byId.values()) {
      const { asked } = layer;
      if (asked === null || timeLeft(asked, now) > 0) continue;
      this.#let(layer);
      const reason = 'nobody said in time whether the layer is still needed, so the engine was let remove it';
      this.#report({ type: 'lapse', containerId: layer.target.id, reason, from: asked.at, to: now });
    }
  }

  close(): void {
    for (const id of [...this.#byId.keys()]) this.release(id);
  }

  #hold(layer: Layer): void {
    layer.held = true;
    layer.letUntil = 0;
    this.#settle(layer, false);
  }

  #let(layer: Layer): void {
    layer.letUntil = Date.now() + LET_FOR_MS;
    this.#settle(layer, true);
  }

  #settle(layer: Layer, allowed: boolean): void {
    const waiting = layer.asked?.waiting ?? [];
    layer.asked = null;
    for (const event of waiting) {
      if (allowed) this.#answer(event, true);
      else this.#refuse(layer, event, Date.now());
    }
  }

  #refuse(layer: Layer, event: PermissionEvent, now: number): void {
    this.#answer(event, false);
    if (Math.abs(now - layer.toldAt) < TELL_AGAIN_MS) return;
    layer.toldAt = now;
    this.#report({ type: 'removal-refused', containerId: layer.target.id, at: now });
  }

  #answer(event: PermissionEvent, allowed: boolean): void {
    answer(this.#group, event, allowed);
    closeDescriptor(event.fd);
  }

  #mark(path: string): Place {
    // As a place only: opened for reading, it would ask this very thread.
    const fd = openSync(path, O_PATH);
    try {
      addPermissionMark(this.#group, 'file', fd, ASKED);
      const { device, key } = new FileIdentity().read(fd);
      return { path, device, key };
    } finally {
      closeDescriptor(fd);
    }
  }

  #unmark(path: string, key: string): void {
    try {
      const fd = openSync(path, O_PATH);
      try {
        if (new FileIdentity().read(fd).key === key) removePermissionMark(this.#group, 'file', fd, ASKED);
      } finally {
        closeDescriptor(fd);
      }
    } catch {
      // Removed, and the mark with it.
    }
  }
}

/** A clock that was set back must not make anybody wait for longer. */
function timeLeft({ at, heardAt }: Question, now: number): number {
  return Math.min(REMOVAL_WAIT_MS - Math.abs(now - heardAt), REMOVAL_LONGEST_WAIT_MS - Math.abs(now - at));
}

/** Whether a thread is the engine's; it runs from a file that is deleted when the engine was upgraded under it. */
function isEngine(thread: number): boolean {
  try {
    const program = readlinkSync(`/proc/${thread}/exe`).replace(/ \(deleted\)$/, '');
    return basename(program) === ENGINE;
  } catch {
    return false;
  }
}
