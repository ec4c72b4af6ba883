import { decodePathBytes } from '../../kernel/index.ts';
import { listProc, type ProcText, readProc, readProcLink, readProcNow } from './read.ts';

/** A file descriptor of a process and what it leads to. */
export interface OpenDescriptor {
  readonly fd: number;
  readonly target: string;
}

/** What /proc says of a process. All text but numbers is the process's own word. */
export interface ProcessRecord {
  readonly pid: number;
  /** Pids in the nested namespaces, outermost first. */
  readonly namespacePids: readonly number[];
  readonly parent: number | null;
  readonly name: string;
  readonly state: string;
  readonly startedAt: string | null;
  /** Real, effective, saved and filesystem id. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  /** Capability sets as the kernel writes them, in hex. */
  readonly capabilities: Readonly<Record<string, string>>;
  readonly seccomp: string;
  readonly noNewPrivileges: boolean;
  readonly commandLine: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory: string | null;
  readonly root: string | null;
  readonly maps: string;
  readonly descriptors: readonly OpenDescriptor[];
  /** Which of the above are longer than what is kept. */
  readonly cut: readonly string[];
}

const LIMITS = { status: 64 << 10, stat: 4 << 10, cmdline: 256 << 10, environ: 1 << 20, maps: 4 << 20 };
const NOTHING = Buffer.alloc(0);
const MOST_DESCRIPTORS = 16_384;
/** Ticks of /proc/PID/stat in a second: USER_HZ, 100 on every architecture that Node runs on. */
const TICKS = 100;

/** How much of a process to describe. */
export interface ProcessDetail {
  /** With its environment and its maps. */
  readonly texts: boolean;
  readonly mostDescriptors: number;
}

/** Reads a process; null when it is gone. */
export async function describeProcess(
  pid: number,
  bootTime: number | null,
  { texts, mostDescriptors }: ProcessDetail = { texts: true, mostDescriptors: MOST_DESCRIPTORS },
): Promise<ProcessRecord | null> {
  const cut: string[] = texts ? [] : ['environ', 'maps'];
  const read = async (name: 'cmdline' | 'environ' | 'maps'): Promise<Buffer> => {
    const text: ProcText | null = await readProc(`/proc/${pid}/${name}`, LIMITS[name]);
    if (text?.cut) cut.push(name);
    return text?.bytes ?? NOTHING;
  };
  const status = statusFields(readProcNow(`/proc/${pid}/status`, LIMITS.status) ?? NOTHING);
  if (status.size === 0) return null;
  const [commandLine, environment, maps] = await Promise.all([
    read('cmdline'),
    texts ? read('environ') : NOTHING,
    texts ? read('maps') : NOTHING,
  ]);
  const numbers = (field: string) => (status.get(field) ?? '').split(/\s+/).filter(Boolean).map(Number);
  const { names, cut: moreDescriptors } = await listProc(
    `/proc/${pid}/fd`,
    Math.min(mostDescriptors, MOST_DESCRIPTORS),
  );
  if (moreDescriptors) cut.push('fd');
  return {
    pid,
    namespacePids: numbers('NSpid'),
    parent: numbers('PPid')[0] ?? null,
    name: status.get('Name') ?? '',
    state: status.get('State') ?? '',
    startedAt: startTime(readProcNow(`/proc/${pid}/stat`, LIMITS.stat) ?? NOTHING, bootTime),
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: Object.fromEntries([...status].filter(([field]) => field.startsWith('Cap'))),
    seccomp: status.get('Seccomp') ?? '',
    noNewPrivileges: status.get('NoNewPrivs') === '1',
    commandLine: strings(commandLine),
    environment: strings(environment),
    workingDirectory: readProcLink(`/proc/${pid}/cwd`),
    root: readProcLink(`/proc/${pid}/root`),
    maps: decodePathBytes(maps),
    descriptors: descriptors(pid, names),
    cut,
  };
}

/** Seconds since 1970 at which the host was started; null when /proc does not say. */
export function bootTime(): number | null {
  const stat = readProcNow('/proc/stat', 1 << 20);
  const seconds = /^btime (\d+)$/m.exec(stat?.toString('latin1') ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds);
}

function statusFields(bytes: Buffer): Map<string, string> {
  const lines = decodePathBytes(bytes).matchAll(/^(\w+):[ \t]*(.*)$/gm);
  return new Map([...lines].map(([, name, value]) => [name ?? '', (value ?? '').trim()]));
}

/** NUL-terminated strings. */
function strings(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  const text = decodePathBytes(bytes);
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
}

/** Field 22 of /proc/PID/stat counts from the boot. */
function startTime(stat: Buffer, boot: number | null): string | null {
  const ticks = Number(
    stat
      .toString('latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19],
  );
  if (boot === null || !Number.isFinite(ticks)) return null;
  return new Date((boot + ticks / TICKS) * 1000).toISOString();
}

function descriptors(pid: number, names: readonly string[]): OpenDescriptor[] {
  const found: OpenDescriptor[] = [];
  for (const name of names.map(Number).sort((a, b) => a - b)) {
    const target = readProcLink(`/proc/${pid}/fd/${name}`);
    if (target !== null) found.push({ fd: name, target });
  }
  return found;
}
