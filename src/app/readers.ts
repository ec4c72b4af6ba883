import type { ContainerDetails, Engine } from '../engine/index.ts';
import { createApiReader, createOverlayReader, type DriftReader, type ReadOptions } from '../sensor/index.ts';

/** Hashes up to this size when a whole container is looked at: 1 GiB. */
const MAX_HASH_BYTES = 1024 ** 3;

/** Options for looking at everything with hashes. */
export function thorough(signal?: AbortSignal): ReadOptions {
  return { hash: true, maxHashBytes: MAX_HASH_BYTES, ...(signal === undefined ? {} : { signal }) };
}

/** The best way to read a container's drift here: its upper layer where it lies on this host, else the engine's API. */
export function readerFor(details: ContainerDetails, engine: Engine): DriftReader {
  if (details.overlay !== null && engine.capabilities.localStorage) return createOverlayReader();
  return createApiReader({
    changes: (id) => engine.changes(id),
    readPath: (id, path) => engine.readPath(id, path),
  });
}
