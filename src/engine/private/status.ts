import { DEFAULT_SOCKET } from '../default-socket.ts';
import { connect } from '../docker/client.ts';
import { type EnginePaths, enginePaths } from './paths.ts';
import { allProcesses, type ProcessEntry, processEntry } from './processes.ts';
import { type EngineRecord, readRecord } from './record.ts';

export interface EngineStatus {
  /** Whether the engine's process is there. */
  readonly running: boolean;
  /** False when `engine up` found that the system's own engine answers, and started none. */
  readonly private: boolean;
  readonly endpoint: string;
  readonly pid: number | null;
  /** Null when it does not answer. */
  readonly version: string | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string | null;
  readonly dataRoot: string;
  readonly logFile: string;
  readonly bridge: string;
  readonly addressPool: string | null;
}

/** How long a running engine may take to tell its version, in milliseconds. */
const ANSWER_MS = 2000;

/** The state of the private engine of a state directory. */
export async function engineStatus(options: { stateDirectory: string }): Promise<EngineStatus> {
  const paths = enginePaths(options.stateDirectory);
  const record = readRecord(paths);
  const daemon = daemonProcess(paths, record);
  const endpoint = `unix://${paths.socket}`;
  return {
    running: daemon !== null,
    private: true,
    endpoint,
    pid: daemon?.pid ?? null,
    version: daemon === null ? null : await versionAt(endpoint),
    startedAt: daemon === null ? null : (record?.startedAt ?? null),
    dataRoot: paths.dataRoot,
    logFile: paths.logFile,
    bridge: paths.bridge,
    addressPool: record?.addressPool ?? null,
  };
}

/**
 * The engine's process: the recorded one, if it still is the one that was recorded; else, where a killed
 * predecessor could not record it, the one with this engine's own pid file on its command line.
 */
export function daemonProcess(paths: EnginePaths, record: EngineRecord | null): ProcessEntry | null {
  const isDaemon = (entry: ProcessEntry) => entry.name === 'dockerd' && entry.command.includes(paths.pidFile);
  const recorded = record?.process == null ? null : processEntry(record.process.pid);
  if (recorded !== null && recorded.startTime === record?.process?.startTime && isDaemon(recorded))
    return recorded;
  return allProcesses().find(isDaemon) ?? null;
}

/** The system's own engine in the same words, when it answers; else null. */
export async function systemEngine(paths: EnginePaths): Promise<EngineStatus | null> {
  const endpoint = `unix://${DEFAULT_SOCKET}`;
  const version = await versionAt(endpoint);
  if (version === null) return null;
  return {
    running: true,
    private: false,
    endpoint,
    pid: null,
    version,
    startedAt: null,
    dataRoot: paths.dataRoot,
    logFile: paths.logFile,
    bridge: paths.bridge,
    addressPool: null,
  };
}

/** Version of the engine that answers there; null when none does. */
export async function versionAt(endpoint: string): Promise<string | null> {
  try {
    return (await connect({ endpoint, tls: null }, ANSWER_MS)).version;
  } catch {
    return null;
  }
}
