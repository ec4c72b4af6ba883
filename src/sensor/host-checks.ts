import { accessSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../kernel/index.ts';
import {
  closeDescriptor,
  handleOfFd,
  kernelAtLeast,
  markBeforeExecution,
  markFilesystem,
  openChangeGroup,
  openPermissionGroup,
  openProcessConnector,
  parseEvents,
  pathOfFd,
  pollReadable,
  readAvailable,
  SafeDirectory,
  unmarkFilesystem,
  withHandle,
} from '../linux/index.ts';

/** One thing that a host can or cannot do, tried for real. */
export interface HostCheck {
  readonly id: string;
  readonly title: string;
  readonly ok: boolean;
  /** What was found, as a sentence without its full stop. */
  readonly detail: string;
  /** What Pristine does where the check fails. */
  readonly fallback: string;
  /** `events`: without it changes are polled; `reading`: the upper layer cannot be read; others degrade alone. */
  readonly neededFor: 'events' | 'reading' | 'attribution' | 'refusal';
}

type Trial = Omit<HostCheck, 'ok' | 'detail'> & {
  /** Answers with what was found; throws when the host cannot do it. */
  readonly attempt: (directory: string) => string;
};

/**
 * What this host allows to see and to refuse. Everything is tried, within a second or so, and leaves nothing.
 *
 * @param directory where the engine keeps its containers; the directory for temporary files when not given
 */
export async function hostChecks(directory: string = tmpdir()): Promise<HostCheck[]> {
  return TRIALS.map(({ attempt, ...check }) => {
    try {
      return { ...check, ok: true, detail: attempt(directory) };
    } catch (error) {
      return { ...check, ok: false, detail: messageOf(error) };
    }
  });
}

const POLLING = 'Changes are found by polling the engine.';
const EVENT_WAIT_MS = 500;

const TRIALS: readonly Trial[] = [
  {
    id: 'kernel',
    title: 'Linux kernel',
    neededFor: 'events',
    fallback: POLLING,
    attempt: () => {
      if (process.platform !== 'linux') throw new Error(`this is ${process.platform}, not Linux`);
      if (!kernelAtLeast(5, 17)) throw new Error(`Linux ${release()} is older than 5.17`);
      if (kernelAtLeast(6, 5)) return `Linux ${release()}`;
      return `Linux ${release()}: before 6.5 a write to a file that was changed before is seen by the next scan only`;
    },
  },
  {
    id: 'capabilities',
    title: 'Capabilities to watch a filesystem',
    neededFor: 'events',
    fallback: POLLING,
    attempt: () => requireCapabilities(['CAP_SYS_ADMIN', 'CAP_DAC_READ_SEARCH']),
  },
  {
    id: 'process-capabilities',
    title: 'Capabilities to name processes',
    neededFor: 'attribution',
    fallback: 'Processes of other users go without their program’s path.',
    attempt: () => requireCapabilities(['CAP_SYS_PTRACE', 'CAP_NET_ADMIN']),
  },
  {
    id: 'fanotify',
    title: 'Change events of a whole filesystem (fanotify)',
    neededFor: 'events',
    fallback: POLLING,
    attempt: seeOwnFile,
  },
  {
    id: 'file-handles',
    title: 'Opening files by handle',
    neededFor: 'events',
    fallback: POLLING,
    attempt: (directory) =>
      withDescriptor(openSync(directory, 'r'), (fd) => {
        const path = withHandle(fd, handleOfFd(fd), (found) => pathOfFd(found).toString());
        if (path !== pathOfFd(fd).toString()) throw new Error(`the handle of ${directory} led to ${path}`);
        return `the handle of ${directory} leads back to it`;
      }),
  },
  {
    id: 'process-connector',
    title: 'Process events (netlink connector)',
    neededFor: 'attribution',
    fallback: 'Changes by processes that live only for milliseconds may go without a name.',
    attempt: () =>
      withDescriptor(openProcessConnector(), (fd) => {
        // The kernel acknowledges the subscription in the same way as it tells of processes.
        if (!pollReadable([fd], EVENT_WAIT_MS)[0]) throw new Error('subscribed, but the kernel says nothing');
        return 'forks and execs are told as they happen';
      }),
  },
  {
    id: 'openat2',
    title: 'Opening without following links (openat2)',
    neededFor: 'reading',
    fallback: 'The upper layer is not read; drift comes from the engine, without states before.',
    attempt: (directory) => {
      using opened = SafeDirectory.openTrusted(directory);
      using inside = opened.openDirectory('');
      if (inside === null) throw new Error(`${directory} could not be opened below itself`);
      return `${directory} is read without following links`;
    },
  },
  {
    id: 'permission-events',
    title: 'Permission events (fanotify)',
    neededFor: 'refusal',
    fallback: 'Drifted files can be seen but not refused.',
    attempt: askAboutOwnFile,
  },
  {
    id: 'overlay-handles',
    title: 'File identity on overlayfs (AT_HANDLE_FID)',
    neededFor: 'refusal',
    fallback: 'Whether a file is the image’s is decided by comparing inode, times and size.',
    attempt: overlayIdentity,
  },
  {
    id: 'memfd-noexec',
    title: 'Refusing programs that exist in memory only (vm.memfd_noexec)',
    neededFor: 'refusal',
    fallback: 'Programs that run from memory alone cannot be refused.',
    attempt: () => {
      accessSync('/proc/sys/vm/memfd_noexec');
      return 'can be set for each container';
    },
  },
];

/** Bit numbers of linux/capability.h. */
const CAPABILITIES = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
} as const;

function requireCapabilities(names: readonly (keyof typeof CAPABILITIES)[]): string {
  const status = readFileSync('/proc/self/status', 'latin1');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const missing = names.filter((name) => ((effective >> BigInt(CAPABILITIES[name])) & 1n) === 0n);
  if (missing.length > 0) throw new Error(`this process lacks ${missing.join(' and ')}`);
  return `this process has ${names.join(' and ')}`;
}

/** Whether overlayfs, on a mount below the directory when there is one, names a file by identity. */
function overlayIdentity(directory: string): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const overlay = mounts.find(
    (line) => line.split(' ')[4]?.startsWith(directory) && line.includes(' - overlay '),
  );
  const tried = overlay?.split(' ')[4] ?? directory;
  return withDescriptor(openSync(tried, 'r'), (fd) => {
    handleOfFd(fd, { identityOnly: true });
    if (overlay !== undefined) return `the overlay on ${tried} names files by identity`;
    if (!kernelAtLeast(6, 6)) throw new Error(`overlayfs has it since Linux 6.6, this is ${release()}`);
    return `Linux ${release()} has it; no container runs to try it on`;
  });
}

/** Marks the filesystem, makes a file there, and waits for the event that names it. */
function seeOwnFile(directory: string): string {
  return withDescriptor(openChangeGroup(), (group) =>
    withOwnFolder(directory, (folder) =>
      withDescriptor(openSync(folder, 'r'), (fd) => {
        markFilesystem(group, fd);
        try {
          writeFileSync(join(folder, 'seen'), '');
          if (!awaitName(group, 'seen')) throw new Error(`a new file in ${directory} made no event`);
        } finally {
          unmarkFilesystem(group, fd);
        }
        return `a new file in ${directory} was seen at once`;
      }),
    ),
  );
}

/** Asks to be asked before a file is run that nobody runs, so that nobody waits for an answer. */
function askAboutOwnFile(directory: string): string {
  return withDescriptor(openPermissionGroup(), (group) =>
    withOwnFolder(directory, (folder) =>
      withDescriptor(openSync(join(folder, 'never-run'), 'w'), (fd) => {
        markBeforeExecution(group, fd);
        return 'execution can be asked about before it happens';
      }),
    ),
  );
}

function withOwnFolder<T>(directory: string, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(directory, '.pristine-check-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function awaitName(group: number, name: string): boolean {
  const buffer = Buffer.alloc(64 << 10);
  const until = Date.now() + EVENT_WAIT_MS;
  while (Date.now() < until) {
    pollReadable([group], until - Date.now());
    const length = readAvailable(group, buffer, 'read(fanotify)');
    for (const { pid, entry } of parseEvents(buffer, length)) {
      if (pid === process.pid && entry?.name.toString() === name) return true;
    }
  }
  return false;
}

function withDescriptor<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeDescriptor(fd);
  }
}
