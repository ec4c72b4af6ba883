/** Before the tests: an engine, the busybox image and Debian's; after them: nothing of theirs is left. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerWith, ensureBaseImage, plainTask } from '../../range/index.ts';
import { commandExists, installPackages, run } from '../../src/host/index.ts';
import { borrowEngine } from './borrow-engine.ts';
import { BUSYBOX, docker, TEST_LABEL, testLabel } from './engine.ts';

const say = (sentence: string) => console.error(`tests: ${sentence}`);

/** Called by vitest once for each project; the first call does it for all. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.PRISTINE_TEST_RUN !== undefined) return undefined;
  process.env.PRISTINE_TEST_RUN = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const giveBack = await borrowEngine(say, async () => {
    await ensureDockerCommand();
    await makeBusyboxImage();
    // Here, as files that run side by side would each make it.
    await ensureBaseImage(dockerWith({}), plainTask(say));
  });
  return async () => {
    await removeLeftovers();
    await giveBack();
  };
}

/** Tests make their containers as users do, with the docker command. */
async function ensureDockerCommand(): Promise<void> {
  if (await commandExists('docker')) return;
  const own = (await run('apt-cache', ['show', 'docker-cli'])).code === 0;
  await installPackages([own ? 'docker-cli' : 'docker.io'], 'the docker command', say);
}

async function makeBusyboxImage(): Promise<void> {
  if ((await run('docker', ['image', 'inspect', BUSYBOX])).code === 0) return;
  await installPackages(['busybox-static'], 'the image for fast tests', say);
  const root = mkdtempSync(join(tmpdir(), 'pristine-busybox-'));
  try {
    for (const folder of ['bin', 'etc', 'tmp', 'var/log', 'root', 'usr/bin'])
      mkdirSync(join(root, folder), { recursive: true });
    cpSync('/bin/busybox', join(root, 'bin/busybox'));
    const applets = (await run('/bin/busybox', ['--list'])).stdout.trim().split('\n');
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    const archive = await run('sh', [
      '-c',
      'tar -C "$1" -cf - . | docker import -c "LABEL $2=1" - "$3"',
      'sh',
      root,
      TEST_LABEL,
      BUSYBOX,
    ]);
    if (archive.code !== 0) throw new Error(`docker import: ${archive.stderr}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Removes what a test that failed or was interrupted has left; another run's things are not touched. */
async function removeLeftovers(): Promise<void> {
  const labelled = ['--filter', `label=${testLabel()}`, '-q'];
  const lines = (text: string) => [...new Set(text.split('\n').filter(Boolean))];
  const containers = lines(await docker('ps', '-a', ...labelled));
  if (containers.length > 0) await run('docker', ['rm', '-f', '-v', ...containers]);
  for (const kind of ['network', 'volume', 'image'] as const) {
    const found = lines(await docker(kind, 'ls', ...labelled));
    if (found.length > 0) await run('docker', [kind, 'rm', ...found]);
  }
}
