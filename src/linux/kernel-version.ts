import { release } from 'node:os';

/** Whether the running kernel is of that version or later. */
export function kernelAtLeast(major: number, minor: number): boolean {
  const [, foundMajor, foundMinor] = /^(\d+)\.(\d+)/.exec(release()) ?? [];
  const difference = Number(foundMajor ?? 0) - major;
  return difference > 0 || (difference === 0 && Number(foundMinor ?? 0) >= minor);
}
