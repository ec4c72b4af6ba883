import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFile } from '../../linux/index.ts';
import type { EnginePaths } from './paths.ts';
import { stateFailure } from './record.ts';

/** Does `work` while no other process starts or stops the same engine; waits for its turn. */
export async function withEngineLock<T>(paths: EnginePaths, work: () => Promise<T>): Promise<T> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw stateFailure(paths.directory, error);
  });
  return withLock(paths.lockFile, work);
}

/**
 * Does `work` while no other private engine of this host starts or stops: each puts rules back that the other
 * has just taken away.
 */
export function withHostLock<T>(work: () => Promise<T>): Promise<T> {
  return withLock(join(existsSync('/run') ? '/run' : tmpdir(), 'pristine-engines.lock'), work);
}

async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const file = await open(path, 'a', 0o600).catch((error: unknown) => {
    throw stateFailure(path, error);
  });
  try {
    await lockFile(file.fd);
    return await work();
  } finally {
    await file.close();
  }
}
