import { readlinkSync } from 'node:fs';

const HOST_PIDS = readlinkSync('/proc/self/ns/pid');

/**
 * Whether a thread is in the pid namespace of the host, as the engine's helpers are.
 * @throws Node's error when it is gone
 */
export function isInHostPids(thread: number): boolean {
  return readlinkSync(`/proc/${thread}/ns/pid`) === HOST_PIDS;
}
