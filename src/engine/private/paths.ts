import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Everything of a private engine; all of it follows from the state directory. */
export interface EnginePaths {
  readonly directory: string;
  /** Images, containers and volumes; the one thing that outlives the engine. */
  readonly dataRoot: string;
  /** What exists only while the engine runs: sockets, network namespaces, containerd's state. */
  readonly runDirectory: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly configFile: string;
  readonly recordFile: string;
  readonly lockFile: string;
  readonly bridge: string;
  /** Namespace in a containerd that may be shared with the system's own engine. */
  readonly namespace: string;
  /** Spreads the engines of several state directories over the address space. */
  readonly seed: number;
}

/** Longest socket below the run directory: `exec/containerd/containerd-debug.sock` and the like. */
const LONGEST_BELOW = '/exec/containerd/containerd.sock.ttrpc'.length;
/** Bytes that fit in a socket's address, with the zero that ends it (unix(7)). */
const SOCKET_PATH_MAX = 108;

export function enginePaths(stateDirectory: string): EnginePaths {
  const directory = join(resolve(stateDirectory), 'engine');
  const hash = createHash('sha256').update(directory).digest('hex');
  const runDirectory = fits(join(directory, 'run')) ? join(directory, 'run') : shortDirectory(hash);
  return {
    directory,
    dataRoot: join(directory, 'data'),
    runDirectory,
    execRoot: join(runDirectory, 'exec'),
    socket: join(runDirectory, 'docker.sock'),
    pidFile: join(runDirectory, 'docker.pid'),
    logFile: join(directory, 'docker.log'),
    configFile: join(directory, 'daemon.json'),
    recordFile: join(directory, 'engine.json'),
    lockFile: join(directory, 'lock'),
    bridge: `pr${hash.slice(0, 8)}`,
    namespace: `pristine-${hash.slice(0, 8)}`,
    seed: Number.parseInt(hash.slice(0, 8), 16),
  };
}

function fits(runDirectory: string): boolean {
  return Buffer.byteLength(runDirectory) + LONGEST_BELOW < SOCKET_PATH_MAX;
}

function shortDirectory(hash: string): string {
  return join(existsSync('/run') ? '/run' : tmpdir(), `pristine-${hash.slice(0, 8)}`);
}
