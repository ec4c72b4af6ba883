export {
  type EntryRecord,
  FAN,
  type FilesystemEvent,
  markBeforeExecution,
  markFilesystem,
  openChangeGroup,
  openPermissionGroup,
  parseEvents,
  unmarkFilesystem,
} from './fanotify.ts';
export { decodeFileCapabilities } from './file-capabilities.ts';
export { fileHandle, handleText } from './file-handle.ts';
export { lockFile, tryLockFile } from './flock.ts';
export { filesystemId, handleOfFd, hasXattr, openByHandle, pathOfFd, withHandle } from './handles.ts';
export { ignoreSignals } from './ignore-signals.ts';
export { closeDescriptor } from './openat2.ts';
export { duplicateFromProcess, openPidfd } from './pidfd.ts';
export {
  clearWake,
  openWakeFd,
  pollReadable,
  readAvailable,
  readableBytes,
  readStream,
  setNonBlocking,
  wake,
  writeAvailable,
} from './poll.ts';
export { openProcessConnector, type ProcessEvent, readProcessEvents } from './process-connector.ts';
export { SafeDirectory, type SafeFile } from './safe-directory.ts';
export { runFirst } from './scheduling.ts';
export { dataRanges } from './sparse.ts';
export type { FileStatus } from './statx.ts';
export { startWatchdog, type Watchdog } from './watchdog-timer.ts';
