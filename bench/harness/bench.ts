/** One run of the benchmarks: its engine, its folder, its label, and the removal of all it made. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Docker, dockerWith, removeAll } from '../../range/index.ts';
import { commandExists, installPackages } from '../../src/host/index.ts';
import { PristineError } from '../../src/kernel/index.ts';
import { borrowEngine } from '../../test/support/borrow-engine.ts';

export interface Bench extends AsyncDisposable {
  readonly docker: Docker;
  /** `NAME=VALUE`, on everything that this run makes on the engine. */
  readonly label: string;
  /** Begins the name of every container of this run. */
  readonly prefix: string;
  /** A folder of this run's own, removed at its end. */
  readonly folder: string;
  /** Fewer and smaller samples, for trying out. */
  readonly quick: boolean;
  /** Aborts when the user interrupts the run. */
  readonly signal: AbortSignal;
  /** Tells the user what is being done. */
  readonly say: (sentence: string) => void;
  /** Tells the user something that belongs to the result. */
  readonly note: (sentence: string) => void;
}

/**
 * Finds an engine, or starts the private one as the tests do.
 *
 * @throws {PristineError} E_NEEDS_ROOT when not run as root, which every variant that guards needs
 */
export async function openBench(options: Pick<Bench, 'quick' | 'signal' | 'say' | 'note'>): Promise<Bench> {
  if (process.getuid?.() !== 0) {
    throw new PristineError(
      'E_NEEDS_ROOT',
      'the benchmarks watch and guard filesystems, which only root may',
      {
        next: 'Run "npm run bench" as root on a machine where containers may be started.',
      },
    );
  }
  const giveBack = await borrowEngine(options.say, async () => {
    if (!(await commandExists('docker')))
      await installPackages(['docker.io'], 'the docker command', options.say);
  });
  const run = randomBytes(4).toString('hex');
  const docker = dockerWith({});
  // Not "pristine.…", which the guard reads as its own.
  const label = `pristine-bench=${run}`;
  const folder = await mkdtemp(join(tmpdir(), 'pristine-bench-'));
  return {
    ...options,
    docker,
    label,
    prefix: `pristine-bench-${run}-`,
    folder,
    async [Symbol.asyncDispose]() {
      const left = await removeAll(docker, label);
      if (left.length > 0) options.say(`could not remove ${left.join(', ')}`);
      await rm(folder, { recursive: true, force: true });
      await giveBack();
    },
  };
}
