/** The docker command line, used as any user would. */
import { type RunOptions, type RunResult, run } from '../src/host/index.ts';
import { PristineError, printable } from '../src/kernel/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Docker {
  /** What the engine is found by: laid over this process's own environment. */
  readonly environment: Environment;
  /** Runs `docker …` and hands back its end, whatever it is. */
  attempt(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /**
   * Runs `docker …` and answers with its standard output, trimmed.
   * @throws {PristineError} E_NO_ENGINE when there is no docker command; E_DEMO when the command fails
   */
  text(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Like {@link Docker.text}, as lines without the empty ones. */
  lines(args: readonly string[], options?: RunOptions): Promise<string[]>;
}

/** The docker command line with some environment variables of its own, such as DOCKER_HOST. */
export function dockerWith(environment: Environment): Docker {
  const attempt = (args: readonly string[], options: RunOptions = {}) =>
    run('docker', args, { ...options, env: { ...environment, ...options.env } });
  const text = async (args: readonly string[], options?: RunOptions) => {
    const result = await attempt(args, options);
    if (result.code === 0) return result.stdout.trim();
    throw result.code === 127 ? noDocker() : failed(args, result);
  };
  const lines = async (args: readonly string[], options?: RunOptions) =>
    (await text(args, options)).split('\n').filter((line) => line !== '');
  return { environment, attempt, text, lines };
}

function noDocker(): PristineError {
  return new PristineError('E_NO_ENGINE', 'there is no docker command here', {
    next: 'Run "pristine engine up", which installs one on Debian and Ubuntu, or install Docker.',
  });
}

function failed(args: readonly string[], result: RunResult): PristineError {
  const words = result.stderr.trim().split('\n').slice(-3).map(printable).join(' / ');
  return new PristineError('E_DEMO', `docker ${args[0]} failed: ${words}`, {
    next: `Run it by hand and look: docker ${args.map(printable).join(' ')}`,
  });
}
