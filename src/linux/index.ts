export { decodeFileCapabilities } from './file-capabilities.ts';
export { fileHandle, handleText } from './file-handle.ts';
export { lockFile, tryLockFile } from './flock.ts';
export { SafeDirectory, type SafeFile } from './safe-directory.ts';
export { type DataRange, dataRanges } from './sparse.ts';
export type { FileStatus } from './statx.ts';
