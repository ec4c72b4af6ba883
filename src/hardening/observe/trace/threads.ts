import { readdirSync } from 'node:fs';
import { mountNamespaceOf } from '../../../linux/index.ts';

const MOST_THREADS = 10_000;

/** Threads of all processes that share a process's mount namespace: those of its container. */
export function threadsLike(pid: number): number[] {
  const namespace = mountNamespaceOf(pid);
  if (namespace === null || namespace === mountNamespaceOf(process.pid)) return [];
  const threads: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || mountNamespaceOf(Number(name)) !== namespace) continue;
    try {
      threads.push(...readdirSync(`/proc/${name}/task`).map(Number));
    } catch {
      // It has ended.
    }
    if (threads.length >= MOST_THREADS) break;
  }
  return threads.slice(0, MOST_THREADS);
}
