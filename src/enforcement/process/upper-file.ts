import { openSync } from 'node:fs';
import { encodePathBytes } from '../../kernel/index.ts';
import {
  closeDescriptor,
  FileIdentity,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openBeneath,
} from '../../linux/index.ts';

/**
 * The file in a container's writable layer that an overlay's file is. A writable mapping of an overlay's file holds
 * this one alone once its descriptor is closed, so that only a lease on this one tells of it.
 *
 * @param path of the file in the container
 * @param identity of the overlay's file
 * @returns a descriptor, or null when the layer has another file there, or none
 */
export function openUpperFile(upper: string, path: string, identity: FileIdentity): number | null {
  const folder = openSync(upper, O_PATH);
  try {
    const fd = openBeneath(folder, encodePathBytes(path.slice(1)), O_RDONLY | O_NONBLOCK);
    if (fd === null) return null;
    const real = new FileIdentity().read(fd);
    if (real.isRegular && real.sameContentAs(identity)) return fd;
    closeDescriptor(fd);
    return null;
  } finally {
    closeDescriptor(folder);
  }
}
