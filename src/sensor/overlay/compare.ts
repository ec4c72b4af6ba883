import type { Attribute, FileState } from '../../contract/index.ts';

const CAPABILITY = 'security.capability';

/**
 * What differs between the image's state and the container's. Times, size and links of a directory are the
 * filesystem's bookkeeping and never count.
 */
export function differences(before: FileState, after: FileState): Attribute[] {
  const differs: Attribute[] = [];
  const typeDiffers = before.type !== after.type;
  if (typeDiffers) differs.push('type');
  if (!typeDiffers && after.type === 'file') {
    const sizeDiffers = before.size !== after.size;
    if (sizeDiffers || (bothHashed(before, after) && before.sha256 !== after.sha256)) differs.push('content');
    if (sizeDiffers) differs.push('size');
  }
  if (before.mode !== after.mode) differs.push('mode');
  if (before.uid !== after.uid || before.gid !== after.gid) differs.push('owner');
  if (!typeDiffers && after.type !== 'dir' && before.mtime !== after.mtime) differs.push('mtime');
  if (withoutCapability(before) !== withoutCapability(after)) differs.push('xattrs');
  if (before.xattrs?.[CAPABILITY] !== after.xattrs?.[CAPABILITY]) differs.push('capabilities');
  if (!typeDiffers && before.target !== after.target) differs.push('target');
  if (!typeDiffers && !sameDevice(before, after)) differs.push('device');
  return differs;
}

/** Whether two states without a difference are known to be the same, content included. */
export function isIdentical(before: FileState, after: FileState, differs: readonly Attribute[]): boolean {
  return differs.length === 0 && (after.type !== 'file' || after.size === 0 || bothHashed(before, after));
}

function bothHashed(before: FileState, after: FileState): boolean {
  return before.sha256 !== undefined && after.sha256 !== undefined;
}

function sameDevice(a: FileState, b: FileState): boolean {
  return a.device?.major === b.device?.major && a.device?.minor === b.device?.minor;
}

function withoutCapability(state: FileState): string {
  return Object.entries(state.xattrs ?? {})
    .filter(([name]) => name !== CAPABILITY)
    .map(([name, value]) => `${name}\0${value}`)
    .sort()
    .join('\0\0');
}
