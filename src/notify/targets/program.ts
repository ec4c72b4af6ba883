import { spawn } from 'node:child_process';
import { systemErrorCode } from '../../kernel/index.ts';
import { DeliveryError } from '../port.ts';
import { safeText } from '../text.ts';

/** Of its standard error, for the message that it failed. */
const MAX_OUTPUT_BYTES = 4096;
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/**
 * Runs a program with an input, never by a shell, with a minimal environment, in a process group of its own that is
 * killed when the time is over. What it starts and leaves behind is its own affair.
 *
 * @throws {DeliveryError} unless it ends with exit code 0
 */
export function runProgram(
  argv: readonly [string, ...string[]],
  input: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const [program, ...args] = argv;
  const { timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      cwd: '/',
      env: ENVIRONMENT,
    });
    let stderr = Buffer.alloc(0);
    child.stderr.on('data', (piece: Buffer) => {
      const room = MAX_OUTPUT_BYTES - stderr.length;
      if (room > 0) stderr = Buffer.concat([stderr, piece.subarray(0, room)]);
    });
    // A program that does not read its input is judged by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const settle = (error: DeliveryError | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      child.stderr.destroy();
      if (error === null) resolve();
      else reject(error);
    };
    const kill = (why: string) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if (systemErrorCode(error) !== 'ESRCH') throw error;
      }
      settle(new DeliveryError(`${program}: ${why}`));
    };
    const timer = setTimeout(() => kill(`not done within ${timeoutMs} ms, and killed`), timeoutMs);
    const abort = () => kill('interrupted');
    signal.addEventListener('abort', abort, { once: true });
    child.on('error', (error) => {
      settle(
        new DeliveryError(`${program}: ${systemErrorCode(error) ?? 'it cannot be run'}`, { cause: error }),
      );
    });
    // Not `close`: a process that it left behind may hold its standard error open for ever.
    child.on('exit', (code, ended) => {
      if (code === 0) return settle(null);
      // What is in the pipe already is read before the message is made.
      setImmediate(() => {
        const said = safeText(stderr.toString('utf8').trim(), 300);
        const how = ended === null ? `exit code ${code}` : `ended by ${ended}`;
        settle(new DeliveryError(`${program}: ${how}${said === '' ? '' : `: ${said}`}`));
      });
    });
  });
}
