import { hostname, userInfo } from 'node:os';

/** Name of the user that this process runs as; its number where the host has no name for it. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** `user@host`, for the ledger. */
export function actor(): string {
  return `${userName()}@${hostname()}`;
}
