import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { installPackages } from '../../src/host/index.ts';
import { PristineError, printable } from '../../src/kernel/index.ts';
import type { Docker } from '../docker.ts';
import type { Task } from '../task.ts';

/** What every image of the range is built on. */
export const BASE_IMAGE = 'debian:bookworm-slim';

/** Documentation and translations, which the slim image of the registry lacks as well. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** A registry that has not even answered by then is taken as not reachable. */
const REGISTRY_ANSWER_MS = 10_000;
const PULL_MS = 180_000;

export type BaseOrigin = 'present' | 'pulled' | 'bootstrapped';

/**
 * Sees to it that `debian:bookworm-slim` is on the engine: as it is when present, pulled where a registry
 * is reachable, otherwise made from Debian's packages by mmdebstrap (as root; the package is installed, and
 * that is said).
 *
 * @throws {PristineError} E_ENGINE_INSTALL when mmdebstrap cannot be installed; E_DEMO when it fails
 */
export async function ensureBaseImage(docker: Docker, task: Task, signal?: AbortSignal): Promise<BaseOrigin> {
  const present = await docker.attempt(['image', 'inspect', BASE_IMAGE], signalled(signal));
  if (present.code === 0) return 'present';
  if (await task(`pulling ${BASE_IMAGE}`, () => pull(docker, signal))) return 'pulled';
  const title = `no registry answers; making ${BASE_IMAGE} from Debian's packages with mmdebstrap`;
  await task(title, () => bootstrap(docker, task, signal));
  return 'bootstrapped';
}

function signalled(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Whether the pull succeeded. Gives up early on a registry that does not answer, late on one that is slow. */
async function pull(docker: Docker, signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted();
  const child = spawn('docker', ['pull', BASE_IMAGE], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...docker.environment },
    ...signalled(signal),
  });
  const stop = () => child.kill();
  const overall = setTimeout(stop, PULL_MS);
  const answer = setTimeout(stop, REGISTRY_ANSWER_MS);
  child.stdout.once('data', () => clearTimeout(answer));
  try {
    const [code] = await once(child, 'close');
    return code === 0;
  } finally {
    clearTimeout(overall);
    clearTimeout(answer);
  }
}

async function bootstrap(docker: Docker, task: Task, signal?: AbortSignal): Promise<void> {
  await task('installing mmdebstrap', () => installPackages(['mmdebstrap'], BASE_IMAGE, () => {}));
  signal?.throwIfAborted();
  const options = [
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    // An image that is lost in a power cut is made anew; flushing each file only costs time.
    '--dpkgopt=force-unsafe-io',
  ];
  const maker = spawn(
    'mmdebstrap',
    ['--quiet', '--variant=minbase', '--include=ca-certificates', ...options, 'bookworm', '-'],
    { stdio: ['ignore', 'pipe', 'pipe'], ...signalled(signal) },
  );
  const importer = spawn(
    'docker',
    ['import', '--change', 'CMD ["bash"]', '--change', 'LABEL pristine.demo=1', '-', BASE_IMAGE],
    {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, ...docker.environment },
      ...signalled(signal),
    },
  );
  let words = '';
  for (const child of [maker, importer]) child.stderr.on('data', (piece) => (words += piece));
  importer.stdin.on('error', () => {}); // its exit code tells
  const failedBy = await pipeThrough(maker, importer);
  if (failedBy === undefined) return;
  throw new PristineError('E_DEMO', `making ${BASE_IMAGE} failed: ${failedBy}: ${lastWords(words)}`, {
    next: `Put ${BASE_IMAGE} on the engine by hand: docker pull ${BASE_IMAGE}, or docker load.`,
  });
}

/** Feeds the archive of one child to the other; answers with the name of the one that failed. */
async function pipeThrough(
  maker: ReturnType<typeof spawn>,
  importer: ReturnType<typeof spawn>,
): Promise<string | undefined> {
  const ends = Promise.all([once(maker, 'close'), once(importer, 'close')]);
  if (maker.stdout === null || importer.stdin === null) return 'pipe';
  // The importer takes whatever it got as a whole image, so its input ends only after the maker did well.
  maker.stdout.pipe(importer.stdin, { end: false });
  maker.once('close', (code) => {
    if (code === 0) importer.stdin?.end();
    else importer.kill();
  });
  const [[made], [imported]] = await ends;
  if (made !== 0) return 'mmdebstrap';
  return imported === 0 ? undefined : 'docker import';
}

function lastWords(text: string): string {
  return printable(text.trim().split('\n').slice(-2).join(' / '));
}
