import { closeDescriptor } from '../linux/index.ts';
import type { EnforcerProcess } from './enforcer-process.ts';
import type { HeldFile } from './port.ts';
import { HELD_MS } from './protocol.ts';

/** A file that an enforcer process holds open as `fd` since `at` (milliseconds since 1970). */
export function heldFile(holder: EnforcerProcess, fd: number, at: number): HeldFile {
  let held = true;
  return {
    open() {
      const duplicate = held ? holder.duplicate(fd) : null;
      // Asked afterwards: by then the number may stand for another file.
      if (duplicate === null || Date.now() - at < HELD_MS) return duplicate;
      closeDescriptor(duplicate);
      return null;
    },
    release() {
      if (held) holder.send({ type: 'captured', fd, at });
      held = false;
    },
  };
}
