import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { decodePathBytes, PristineError } from '../kernel/index.ts';
import { type MountPoint, mountNamespaceOf, readMounts } from '../linux/index.ts';
import type { MountAnswer, MountRequest } from './protocol.ts';

/** A container can make a mount whose server never answers; no answer is waited for longer than this. */
const PATIENCE_MS = 10_000;

/**
 * A foothold in a container's mount namespace: a process of ours that changes mounts there, and through whose
 * `/proc` entry the namespace is seen from its true root, wherever the container's init may have gone.
 */
export class MountNamespace implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  readonly #timer: NodeJS.Timeout;
  readonly #ended: Promise<unknown>;

  private constructor(initPid: number) {
    // From source the entry is a .ts file, in the published package a .js file, as this one is.
    const entry = import.meta.url.endsWith('.ts')
      ? new URL('./namespace-process.ts', import.meta.url)
      : new URL('./namespace-process.js', import.meta.url);
    this.#child = spawn(process.execPath, [fileURLToPath(entry), String(initPid)], {
      cwd: '/',
      // Nothing that is said to this process, such as NODE_OPTIONS, is meant for that one.
      env: {},
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdin.on('error', () => {});
    this.#ended = once(this.#child, 'exit');
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
  }

  /**
   * @param initPid a process of the container, in this host's numbers
   * @throws {PristineError} E_NOT_SUPPORTED when the process shares our mount namespace, E_NO_SUCH_CONTAINER when it is
   *   gone, E_NEEDS_ROOT
   */
  static async join(initPid: number): Promise<MountNamespace> {
    const theirs = mountNamespaceOf(initPid);
    if (theirs === null) throw ended();
    if (theirs === mountNamespaceOf(process.pid)) {
      throw new PristineError('E_NOT_SUPPORTED', "the container has the host's mounts and none of its own", {
        next: 'Only a container with a mount namespace of its own can be locked.',
      });
    }
    const namespace = new MountNamespace(initPid);
    try {
      const { error } = await namespace.#answer();
      if (error === 'EPERM') throw needsRoot();
      if (error !== null) throw refused(`its mount namespace cannot be joined: ${error}`);
      return namespace;
    } catch (error) {
      await namespace[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The process that stands there, in this host's numbers. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Path of the namespace's root as this process can open it. */
  get root(): string {
    return `/proc/${this.pid}/root`;
  }

  /** Everything that is mounted there, in the kernel's order; paths as `decodePathBytes` has them. */
  mounts(): MountPoint[] {
    const decoded = (text: string) => decodePathBytes(Buffer.from(text, 'latin1'));
    return readMounts(this.pid).map((mount) => ({
      ...mount,
      path: decoded(mount.path),
      root: decoded(mount.root),
    }));
  }

  /** Carries out one change; answers with the error's name, or null when it is done. */
  async change(request: MountRequest): Promise<string | null> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return (await this.#answer()).error;
  }

  async #answer(): Promise<MountAnswer> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw refused('its mounts did not answer');
    this.#timer.refresh();
    return JSON.parse(value) as MountAnswer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
    clearTimeout(this.#timer);
  }
}

export function needsRoot(): PristineError {
  return new PristineError('E_NEEDS_ROOT', "changing a container's mounts needs root on the Docker host", {
    next: 'Run it as root, on the machine that runs the container.',
  });
}

export function ended(): PristineError {
  return refused('it has ended meanwhile');
}

function refused(why: string): PristineError {
  return new PristineError('E_NOT_SUPPORTED', `the container cannot be locked or unlocked: ${why}`, {
    next: 'Look whether it runs with "pristine ps", and try again.',
  });
}
