export { type BlockedCall, blockedCall, mappedFileAt } from './blocked-call.ts';
export type { DirectoryEntries } from './directory-entries.ts';
export { makeFile, privateFolder, replaceFile, syncFolder, writeNewFile } from './durable.ts';
export { Epoll } from './epoll.ts';
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
export {
  capabilityByNumber,
  capabilityName,
  capabilityNames,
  decodeFileCapabilities,
} from './file-capabilities.ts';
export { fileHandle, handleText } from './file-handle.ts';
export { FileIdentity } from './file-identity.ts';
export { lockFile, tryLockFile } from './flock.ts';
export {
  filesystemId,
  filesystemType,
  handleOfFd,
  hasXattr,
  OVERLAYFS,
  openByHandle,
  pathOfFd,
  withHandle,
} from './handles.ts';
export { ignoreSignals } from './ignore-signals.ts';
export { kernelAtLeast } from './kernel-version.ts';
export { dropLease, leaseIsBreaking, takeReadLease } from './lease.ts';
export { type MountInfoLine, type MountPoint, mountInfoLines, readMounts } from './mountinfo.ts';
export {
  bindOverItself,
  joinMountNamespace,
  type MountFlag,
  setMountFlags,
  unmountName,
} from './mounts.ts';
export { announce } from './neighbours.ts';
export { OPENED, openOpenGroup } from './open-events.ts';
export { closeDescriptor, O_NONBLOCK, O_PATH, O_RDONLY, openBeneath, openInRoot } from './openat2.ts';
export {
  addPermissionMark,
  answer,
  askAboutFile,
  ignoreFile,
  ignoreFileForGood,
  openContentGroup,
  PERMISSION,
  type PermissionEvent,
  parsePermissionEvents,
  removePermissionMark,
} from './permission-events.ts';
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
export { mountNamespaceOf, type ProcessSnapshot, readProcess, readProgram } from './process-snapshot.ts';
export { SafeDirectory, type SafeFile } from './safe-directory.ts';
export { RunFirstWhileIdle } from './scheduling.ts';
export { openSignalFd, readSignals } from './signal-fd.ts';
export { decodeSockets, SOCKET_TABLES } from './socket-table.ts';
export { socketsOf } from './sockets-of.ts';
export { dataRanges } from './sparse.ts';
export type { FileStatus } from './statx.ts';
export { type TraceFormat, type TraceRecord, traceNumber, traceText } from './trace-pages.ts';
export { byTime, type Traced, TraceInstance } from './tracefs.ts';
export { startWatchdog } from './watchdog-timer.ts';
