import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { PristineError, packageRoot, printable } from '../../src/kernel/index.ts';
import { type Docker, dockerWith } from '../docker.ts';
import { plainTask, type Task } from '../task.ts';
import { type BaseOrigin, ensureBaseImage } from './base-image.ts';
import { contextHash } from './context-hash.ts';

/** Images that the range builds carry this label; they stay as a cache. */
const IMAGE_LABEL = 'pristine.demo=1';

export const DEMO_IMAGES = ['web', 'db', 'attacker'] as const;
export type DemoImage = (typeof DEMO_IMAGES)[number];

/** What the images are made of, for the progress lines. */
const CONTENT: Record<DemoImage, string> = {
  web: 'Apache and PHP',
  db: 'MariaDB',
  attacker: "the attacker's web server",
};

export interface EnsuredImage {
  readonly reference: string;
  readonly origin: 'reused' | 'built';
  readonly ms: number;
}

export interface ImageOptions {
  readonly docker?: Docker;
  readonly task?: Task;
  readonly signal?: AbortSignal;
}

/** Builds the demo's images, or finds those of an earlier run. */
export async function ensureDemoImages(
  docker: Docker,
  task: Task,
  signal: AbortSignal,
): Promise<{ base: BaseOrigin | 'not needed'; images: Record<DemoImage, EnsuredImage> }> {
  const wanted = await Promise.all(
    DEMO_IMAGES.map(async (name) => {
      const folder = join(packageRoot, 'range/demo', name);
      return { name, folder, reference: `pristine-demo-${name}:${await contextHash(folder)}` };
    }),
  );
  const missing = [];
  for (const image of wanted) if (!(await isPresent(docker, image.reference))) missing.push(image);
  const base = missing.length > 0 ? await ensureBaseImage(docker, task, signal) : 'not needed';
  const images: [DemoImage, EnsuredImage][] = [];
  for (const image of wanted) {
    const { name, folder, reference } = image;
    const ensured: EnsuredImage = missing.includes(image)
      ? await task(`building ${reference} (${CONTENT[name]})`, () =>
          build(docker, reference, { folder }, signal),
        )
      : { reference, origin: 'reused', ms: 0 };
    images.push([name, ensured]);
  }
  return { base, images: Object.fromEntries(images) as Record<DemoImage, EnsuredImage> };
}

/**
 * An image with one more service, from a Dockerfile without a build context, such as
 * `FROM debian:bookworm-slim` and one `RUN apt-get …` line; built once and then found by its content.
 *
 * @throws {PristineError} E_DEMO when it cannot be built, E_NO_ENGINE when there is no docker command
 */
export async function ensureServiceImage(
  { name, dockerfile }: { name: string; dockerfile: string },
  options: ImageOptions = {},
): Promise<EnsuredImage> {
  const docker = options.docker ?? dockerWith({});
  const task = options.task ?? plainTask((line) => console.error(line));
  const reference = `pristine-range-${name}:${createHash('sha256').update(dockerfile).digest('hex').slice(0, 12)}`;
  if (await isPresent(docker, reference)) return { reference, origin: 'reused', ms: 0 };
  await ensureBaseImage(docker, task, options.signal);
  return task(`building ${reference}`, () => build(docker, reference, { dockerfile }, options.signal));
}

async function isPresent(docker: Docker, reference: string): Promise<boolean> {
  return (await docker.lines(['image', 'ls', '-q', reference])).length > 0;
}

/**
 * Plain `docker build`, by the legacy builder and by BuildKit alike. The host's network, because packages
 * are fetched, and bridges of private engines do not always lead out.
 */
async function build(
  docker: Docker,
  reference: string,
  from: { folder: string } | { dockerfile: string },
  signal?: AbortSignal,
): Promise<EnsuredImage> {
  const started = performance.now();
  const result = await docker.attempt(
    [
      ...['build', '--network', 'host', '--force-rm', '--label', IMAGE_LABEL, '--tag', reference],
      ...proxyArguments(),
      'folder' in from ? from.folder : '-',
    ],
    {
      ...('dockerfile' in from ? { input: from.dockerfile } : {}),
      ...(signal === undefined ? {} : { signal }),
    },
  );
  if (result.code !== 0) {
    const words = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-6);
    throw new PristineError('E_DEMO', `building ${reference} failed: ${words.map(printable).join(' / ')}`, {
      next: "Packages come from Debian's mirrors; check that this host reaches deb.debian.org (or set http_proxy).",
    });
  }
  return { reference, origin: 'built', ms: performance.now() - started };
}

/** The builder knows these arguments by itself, and keeps them out of the image. */
function proxyArguments(): string[] {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  return names.filter((name) => process.env[name] !== undefined).flatMap((name) => ['--build-arg', name]);
}
