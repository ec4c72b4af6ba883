/**
 * fapolicyd, set up so that it guards the same as Pristine does: every program, library and script that is opened
 * or run from one container's root, and nothing else of this machine.
 *
 * - Version 1.1.7 as Debian 12 has it. Its package is unpacked and not installed: installed it would start at once
 *   and hold up every program of this host.
 * - Its own default configuration (integrity none, the caches' sizes) but for: `watch_fs = overlay`,
 *   `allow_filesystem_mark = 1` (else it sees no program of a container), `trust = file`.
 * - Trust: every program, library and script of the image, as the container names them.
 * - Rules: the package's known-libs policy without 20-dracut.rules and 21-updaters.rules, which let root run
 *   anything and are for what no container does.
 * - A mount namespace in which the container's root is the only overlay, so that it marks that alone; that is
 *   looked at before anything is measured. It runs under timeout(1) and dies with its parent: while it hung, the
 *   container would.
 */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPackages, run } from '../../src/host/index.ts';
import { PristineError } from '../../src/kernel/index.ts';
import type { Bench } from '../harness/bench.ts';
import { type Child, startChild } from '../harness/child.ts';
import type { BenchContainer } from '../harness/container.ts';
import { fanotifyMarks } from './fanotify-marks.ts';

const LIBRARIES = [
  'libcap-ng0',
  'liblmdb0',
  'libmagic1',
  'libmagic-mgc',
  'libseccomp2',
  'libssl3',
  'libudev1',
];

const RULES = [
  '10-languages',
  '30-patterns',
  '40-bad-elf',
  '41-shared-obj',
  '42-trusted-elf',
  '70-trusted-lang',
  '72-shell',
  '90-deny-execute',
  '95-allow-open',
];

const LIVES_AT_MOST = '120';

const unpacked = new Map<string, Promise<string>>();
const trustLists = new Map<string, Promise<string>>();

/** Starts fapolicyd for one container; resolves when it answers. Disposing kills it. */
export async function startFapolicyd(bench: Bench, container: BenchContainer): Promise<Child> {
  const packageFolder = await once(unpacked, bench.folder, () => unpackPackage(bench));
  const trust = await once(trustLists, container.image, () => listTrust(container));
  const folder = await mkdtemp(join(bench.folder, 'fapolicyd-'));
  const [root, configuration] = [join(folder, 'root'), join(folder, 'etc')];
  await Promise.all([mkdir(root), mkdir(configuration)]);
  const own = {
    watch_fs: 'overlay',
    allow_filesystem_mark: '1',
    trust: 'file',
    // The package would make a user of this name.
    uid: '0',
    gid: '0',
  };
  const defaults = await readFile(join(packageFolder, 'etc/fapolicyd/fapolicyd.conf'), 'utf8');
  const settings = defaults.replace(/^(\w+) = .*$/gm, (line, key: string) =>
    key in own ? `${key} = ${own[key as keyof typeof own]}` : line,
  );
  await writeFile(join(configuration, 'fapolicyd.conf'), settings);
  await writeFile(join(configuration, 'fapolicyd.trust'), trust);
  await writeFile(join(configuration, 'compiled.rules'), await rules(packageFolder));
  const script = join(import.meta.dirname, 'fapolicyd.sh');
  const child = await startChild(
    'timeout',
    [
      ...['--signal=KILL', LIVES_AT_MOST, 'setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount'],
      ...['sh', script, root, container.merged, packageFolder, configuration],
    ],
    { endWith: 'SIGKILL', signal: bench.signal },
  );
  try {
    await child.line('listening', (line) => line.includes('Starting to listen for events'));
    await seeToMarks(child, container);
    return child;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

function once(
  known: Map<string, Promise<string>>,
  key: string,
  make: () => Promise<string>,
): Promise<string> {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

async function unpackPackage({ folder, say }: Bench): Promise<string> {
  await installPackages(LIBRARIES, 'fapolicyd, to compare with', say);
  say('downloading fapolicyd, to be unpacked and not installed ...');
  const download = () => run('apt-get', ['download', '-q', 'fapolicyd'], { cwd: folder });
  if ((await download()).code !== 0) {
    await run('apt-get', ['update', '-q']);
    const { code, stderr } = await download();
    if (code !== 0) {
      throw new PristineError('E_ENGINE_INSTALL', `fapolicyd cannot be downloaded: ${stderr.trim()}`, {
        next: 'Run "apt-get download fapolicyd" and look at what it says.',
      });
    }
  }
  const target = join(folder, 'fapolicyd-package');
  const unpack = await run('sh', ['-c', 'dpkg-deb -x "$1"/fapolicyd_*.deb "$2"', 'sh', folder, target]);
  if (unpack.code !== 0) throw new Error(`dpkg-deb: ${unpack.stderr.trim()}`);
  return target;
}

/** fapolicyd.trust(5): path, size, SHA256. */
async function listTrust(container: BenchContainer): Promise<string> {
  const find = String.raw`find / -xdev -type f \( -perm /111 -o -name '*.so*' -o -name '*.php' \) ! -name '* *'`;
  const lines = async (action: string) =>
    (await container.exec('sh', '-c', `${find} ${action}`)).split('\n').map((line) => line.trim());
  const sizes = await lines(String.raw`-printf '%p %s\n'`);
  const hashes = new Map<string, string>();
  for (const line of await lines('-exec sha256sum {} +')) hashes.set(line.slice(66), line.slice(0, 64));
  return sizes.map((line) => `${line} ${hashes.get(line.split(' ')[0] ?? '')}\n`).join('');
}

async function rules(packageFolder: string): Promise<string> {
  const folder = join(packageFolder, 'usr/share/fapolicyd/sample-rules');
  const texts = await Promise.all(RULES.map((name) => readFile(join(folder, `${name}.rules`), 'utf8')));
  const lines = texts.join('\n').split('\n');
  return `${lines.filter((line) => line !== '' && !line.startsWith('#')).join('\n')}\n`;
}

/** Exactly one mark, and that on the container's overlay; anything else could hold up the machine. */
async function seeToMarks(child: Child, { merged }: BenchContainer): Promise<void> {
  const marks = await fanotifyMarks(child.pid);
  const { stdout } = await run('stat', ['-c', '%Hd %Ld', merged]);
  const [major = 0, minor = 0] = stdout.trim().split(' ').map(Number);
  const device = ((major << 20) | minor).toString(16);
  if (marks.length !== 1 || marks[0] !== `sdev:${device}`) {
    throw new Error(
      `fapolicyd marked ${marks.join(', ') || 'nothing'} instead of the container's root alone`,
    );
  }
}
