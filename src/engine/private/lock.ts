import { mkdir, open } from 'node:fs/promises';
import { lockFile } from '../../linux/index.ts';
import type { EnginePaths } from './paths.ts';

/** Does `work` while no other process starts or stops the same engine; waits for its turn. */
export async function withEngineLock<T>(paths: EnginePaths, work: () => Promise<T>): Promise<T> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  const file = await open(paths.lockFile, 'a', 0o600);
  try {
    await lockFile(file.fd);
    return await work();
  } finally {
    await file.close();
  }
}
