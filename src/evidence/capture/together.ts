/**
 * Does things at the same time. The first that fails ends the others through the signal; the promise settles when
 * all have ended, so that none goes on in a folder that is being removed.
 *
 * @throws what the first failed with
 */
export async function together<T extends readonly unknown[]>(
  abort: AbortController,
  tasks: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const failures: unknown[] = [];
  for (const task of tasks as readonly Promise<unknown>[]) {
    task.catch((error: unknown) => {
      failures.push(error);
      abort.abort(error);
    });
  }
  const ends = await Promise.allSettled(tasks as readonly Promise<unknown>[]);
  if (failures.length > 0) throw failures[0];
  return ends.map((end) => (end.status === 'fulfilled' ? end.value : undefined)) as unknown as T;
}
