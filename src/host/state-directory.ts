import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where Pristine keeps what it keeps when nobody says otherwise: `/var/lib/pristine` for root, else
 * `pristine` below XDG_STATE_HOME or `~/.local/state` (XDG Base Directory Specification).
 */
export function defaultStateDirectory(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  if (process.getuid?.() === 0) return '/var/lib/pristine';
  const xdg = env.XDG_STATE_HOME;
  // The specification says that a relative path is to be ignored.
  return join(xdg?.startsWith('/') === true ? xdg : join(homedir(), '.local/state'), 'pristine');
}
