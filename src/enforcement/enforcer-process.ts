import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../kernel/index.ts';
import { closeDescriptor, duplicateFromProcess, openPidfd } from '../linux/index.ts';
import { CHANNEL_FD, type EnforcerReport, type EnforcerRequest, WATCHDOG_MS } from './protocol.ts';

/** How an enforcer process ended. */
export interface Ending {
  /** Milliseconds since 1970 when it is known to have answered last. */
  readonly lastAlive: number;
  /** Why, as the rest of a sentence that begins with "the enforcer". */
  readonly reason: string;
  /** What it wrote to standard error at last. */
  readonly stderr: string;
  /** Name of the error that it reported, e.g. `EPERM`. */
  readonly errno: string | null;
}

/** What the process tells, without what this file takes for itself. */
export type Told = Exclude<EnforcerReport, { type: 'ready' | 'alive' | 'failed' }>;

/** The last of what it wrote to standard error, for the reason and the log. */
const STDERR_KEPT = 4096;
/** How long it may take to go by itself. */
const END_WAIT_MS = 1000;

/** V8's flags and Node's for a process that is small. */
const NODE_OPTIONS = [
  '--disable-warning=ExperimentalWarning',
  '--max-old-space-size=96',
  '--max-semi-space-size=1',
  // One helper thread of V8 (0 would be one a core), and none that waits to start a debugger at SIGUSR1.
  '--v8-pool-size=1',
  '--disable-sigusr1',
];

/** One run of the enforcer process, as its parent sees it. */
export class EnforcerProcess {
  /** Settles as soon as it serves; never when it ends before. */
  readonly ready: Promise<void>;
  /** Settles after its end and its last report. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #socket: Duplex | null;
  readonly #pidfd: number | null;
  readonly #onTold: (told: Told) => void;
  #isReady: () => void = () => {};
  #lastAlive = Date.now();
  #stderr = '';
  #partialLine = '';
  #failure: Failure | null = null;
  #over = false;

  /** @throws {Error} for some reasons not to be started; others are an ending */
  constructor(onTold: (told: Told) => void) {
    // From source the entry is a .ts file, in the published package a .js file, as this one is.
    const entry = import.meta.url.endsWith('.ts')
      ? new URL('./process/main.ts', import.meta.url)
      : new URL('./process/main.js', import.meta.url);
    this.#onTold = onTold;
    this.#child = spawn(process.execPath, [...NODE_OPTIONS, fileURLToPath(entry)], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      cwd: '/',
      env: environment(),
    });
    const { pid } = this.#child;
    // Before the event loop can have reaped it: the pid is its own for sure.
    this.#pidfd = pid === undefined ? null : openPidfd(pid);
    const socket = this.#child.stdio?.[CHANNEL_FD];
    this.#socket = socket instanceof Duplex ? socket : null;
    this.#listen();
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#over) return;
        this.#over = true;
        if (this.#pidfd !== null) closeDescriptor(this.#pidfd);
        resolve(this.#ending(code, signal));
      };
      this.#child.once('close', end);
      this.#child.on('error', (error) => {
        this.#failure ??= { message: error.message, errno: null };
        // Where it could not be started nothing else will be told.
        if (pid === undefined) end(null, null);
      });
    });
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
  }

  send(request: EnforcerRequest): void {
    if (!this.#over && this.#socket?.writable) this.#socket.write(`${JSON.stringify(request)}\n`);
  }

  /** A descriptor of ours for a file that the process holds as `fd`; null when it has ended. */
  duplicate(fd: number): number | null {
    return this.#over || this.#pidfd === null ? null : duplicateFromProcess(this.#pidfd, fd);
  }

  /** Asks it to end, and makes it end when it does not within a second. */
  async end(): Promise<void> {
    this.#socket?.end();
    const impatient = setTimeout(() => this.#child.kill('SIGKILL'), END_WAIT_MS);
    await this.ended;
    clearTimeout(impatient);
  }

  #listen(): void {
    // Its end is told by `close`; what could not be written to it any more is lost with it.
    this.#socket?.on('error', () => {});
    this.#socket?.setEncoding('utf8').on('data', (text: string) => this.#split(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
  }

  /** By newlines alone: names in reports may hold every other character that ends a line somewhere. */
  #split(text: string): void {
    const lines = (this.#partialLine + text).split('\n');
    this.#partialLine = lines.pop() ?? '';
    try {
      for (const line of lines) this.#receive(JSON.parse(line));
    } catch (error) {
      this.#failure ??= { message: `it said what is no report: ${messageOf(error)}`, errno: null };
      this.#child.kill('SIGKILL');
    }
  }

  #receive(report: EnforcerReport): void {
    if (report.type === 'alive') this.#lastAlive = report.at;
    else if (report.type === 'ready') this.#isReady();
    else if (report.type === 'failed') this.#failure = report;
    else this.#onTold(report);
  }

  #ending(code: number | null, signal: NodeJS.Signals | null): Ending {
    const stderr = this.#stderr.trim();
    const common = { lastAlive: this.#lastAlive, stderr, errno: this.#failure?.errno ?? null };
    const silent = Date.now() - this.#lastAlive;
    if (this.#failure === null && signal === 'SIGKILL' && silent >= WATCHDOG_MS) {
      const seconds = (silent / 1000).toFixed(1);
      return { ...common, reason: `had not answered for ${seconds} s, so its watchdog ended it (SIGKILL)` };
    }
    const ended = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    const how = this.#child.pid === undefined ? 'could not be started' : ended;
    const said = this.#failure?.message ?? (signal === 'SIGKILL' ? undefined : lastWords(stderr));
    return { ...common, reason: said ? `${how}: ${said}` : how };
  }
}

/** What Node or V8 wrote before it gave up: the line with the error, which its stack follows. */
function lastWords(stderr: string): string | undefined {
  const lines = stderr.split('\n');
  return (lines.findLast((line) => /^(\w*Error\b|FATAL)/.test(line)) ?? lines.at(-1))?.trim();
}

interface Failure {
  readonly message: string;
  readonly errno: string | null;
}

/** What Node and koffi need, and nothing that steers them. */
function environment(): Record<string, string> {
  const cache = process.env.NODE_COMPILE_CACHE;
  return {
    PATH: '/usr/bin:/bin',
    // One heap for all threads: the allocator would keep one more for each.
    MALLOC_ARENA_MAX: '1',
    ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }),
  };
}
