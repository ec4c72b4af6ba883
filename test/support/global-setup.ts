/** Before the tests: an engine, and the busybox image; after them: nothing of theirs is left. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages, run } from '../../src/host/index.ts';
import { BUSYBOX, docker, TEST_LABEL } from './engine.ts';

const say = (sentence: string) => console.error(`tests: ${sentence}`);

export async function setup(): Promise<() => Promise<void>> {
  await makeBusyboxImage();
  return removeLeftovers;
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

async function removeLeftovers(): Promise<void> {
  const filter = ['--filter', `label=${TEST_LABEL}`, '-q'];
  const containers = (await docker('ps', '-a', ...filter)).split('\n').filter(Boolean);
  if (containers.length > 0) await docker('rm', '-f', '-v', ...containers);
  for (const kind of ['network', 'volume'] as const) {
    const found = (await docker(kind, 'ls', ...filter)).split('\n').filter(Boolean);
    if (found.length > 0) await docker(kind, 'rm', ...found);
  }
}
