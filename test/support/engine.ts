/** The real engine that tests use: see global-setup.ts for where it comes from. */
import { randomBytes } from 'node:crypto';
import { run } from '../../src/host/index.ts';

/** Every container, network, volume and image of the tests carries this label. */
export const TEST_LABEL = 'pristine.test';

/** The label with this run's own value, `NAME=VALUE`: at its end a run removes what carries it, and nothing else. */
export function testLabel(): string {
  return `${TEST_LABEL}=${process.env.PRISTINE_TEST_RUN ?? '1'}`;
}

/** A statically linked busybox and nothing else, 2 MB; has /bin/sh. Made by global-setup.ts. */
export const BUSYBOX = 'pristine-test-busybox:1';

/** Runs the docker command line on the tests' engine; throws with its standard error when it fails. */
export async function docker(...args: string[]): Promise<string> {
  const result = await run('docker', args);
  if (result.code !== 0) throw new Error(`docker ${args.join(' ')}: ${result.stderr.trim()}`);
  return result.stdout.trimEnd();
}

export interface TestContainer extends AsyncDisposable {
  readonly id: string;
  readonly name: string;
  /** Runs a shell script in the container, as root; throws when it fails. */
  sh(script: string): Promise<string>;
}

export interface TestContainerOptions {
  readonly image?: string;
  /** Further options of `docker run`; the network is `none` unless `--network` or `--link` is among them. */
  readonly options?: readonly string[];
  readonly command?: readonly string[];
  /** False: the container is only made, for `docker start` to start it. */
  readonly start?: boolean;
}

/** Starts (or makes) a container that is removed, with its anonymous volumes, at the end of the scope (`await using`). */
export async function startContainer(given: TestContainerOptions = {}): Promise<TestContainer> {
  const name = `pristine-test-${randomBytes(4).toString('hex')}`;
  const options = given.options ?? [];
  const command = given.command ?? ['sh', '-c', 'trap exit TERM; while :; do sleep 1; done'];
  const id = await docker(
    ...(given.start === false ? ['create'] : ['run', '-d']),
    ...['--name', name, '--label', testLabel(), '--label', 'pristine.keep-suspect=0'],
    // An old docker refuses links together with the name of any network.
    ...(options.includes('--network') || options.includes('--link') ? [] : ['--network', 'none']),
    ...options,
    given.image ?? BUSYBOX,
    ...command,
  );
  return {
    id,
    name,
    sh: (script) => docker('exec', id, 'sh', '-c', script),
    async [Symbol.asyncDispose]() {
      await run('docker', ['rm', '-f', '-v', id]);
    },
  };
}
