import { spawn } from 'node:child_process';
import { systemErrorCode } from '../kernel/index.ts';

export interface RunResult {
  /** Exit code; 128 + signal number's place is taken by `signal` when one ended it, and 127 when it is not there. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Kills the program when it aborts; the promise then rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called with each piece of standard error as it comes. */
  readonly onStderr?: (text: string) => void;
}

/**
 * Runs a program without a shell and waits for its end. Never throws for an exit code: look at `code`.
 * A program that is not there gives code 127, as a shell does.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const abort = () => child.kill('SIGTERM');
    options.signal?.addEventListener('abort', abort, { once: true });
    child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
    child.stderr.on('data', (piece: Buffer) => {
      stderr.push(piece);
      options.onStderr?.(piece.toString('utf8'));
    });
    // A program that ends before it has read its input is judged by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
    const finish = (code: number, extra = '') => {
      options.signal?.removeEventListener('abort', abort);
      if (options.signal?.aborted) reject(options.signal.reason);
      else
        resolve({
          code,
          stdout: Buffer.concat(stdout).toString('utf8'),
          stderr: Buffer.concat(stderr).toString('utf8') + extra,
        });
    };
    child.on('error', (error) => {
      if (systemErrorCode(error) === 'ENOENT') finish(127, `${command}: not found`);
      else reject(error);
    });
    child.on('close', (code, signal) =>
      finish(code ?? 1, signal === null ? '' : `\n${command}: ended by ${signal}`),
    );
  });
}

/** Whether a program is on the PATH. */
export async function commandExists(command: string): Promise<boolean> {
  return (await run('sh', ['-c', 'command -v -- "$1" >/dev/null', 'sh', command])).code === 0;
}
