/** What is written is read back with GNU tar, on whose word nothing of ours depends. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { installPackages } from '../../host/index.ts';
import { SafeDirectory } from '../../linux/index.ts';
import { HashingFile } from '../hashing-file.ts';
import { Omissions } from '../omissions.ts';
import { TarWriter } from '../tar/writer.ts';
import { writeTree } from './write-tree.ts';

let folder = '';
const at = (...parts: string[]) => join(folder, ...parts);
const sh = (script: string, cwd = folder) => execFileSync('sh', ['-ec', script], { cwd, encoding: 'utf8' });

beforeAll(() =>
  installPackages(['attr', 'libcap2-bin'], 'a test of extended attributes', (sentence) =>
    console.error(`tests: ${sentence}`),
  ),
);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pristine-tree-'));
  mkdirSync(at('upper'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function pack(overlay = true, signal?: AbortSignal): Promise<string[]> {
  const omissions = new Omissions();
  await using file = await HashingFile.create(at('layer.tar'));
  const tar = new TarWriter(file);
  using root = SafeDirectory.openTrusted(at('upper'));
  await writeTree(root, tar, { overlay, title: 'upper layer', omissions, ...(signal && { signal }) });
  await tar.end();
  await file.finish();
  return omissions.list();
}

function unpack(): void {
  mkdirSync(at('out'));
  sh("tar --xattrs --xattrs-include='*' --numeric-owner -xpf ../layer.tar", at('out'));
}

/** Everything that `find` and `getfattr` say of a tree, but directories' sizes. */
function census(tree: string): string {
  return sh(
    `LC_ALL=C; export LC_ALL
     find . -printf '%p|%y|%m|%U|%G|%T@|%l|%n\\n' | sed 's/|d|\\(.*\\)|[0-9]*$/|d|\\1/' | sort
     find . -type f -exec sha256sum -b {} + | sort
     find . -exec getfattr -h -d -m - -e hex {} + 2>/dev/null | sort`,
    at(tree),
  );
}

test('GNU tar restores every file, owner, time, attribute and name', async () => {
  sh(
    `mkdir -p d/e
     echo text > d/plain
     printf x > 'd/new
line'
     printf x > "$(printf 'd/bad\\377\\200name')"
     printf x > 'd/ü|\\ "'
     long=$(printf 'n%.0s' $(seq 255)); printf x > d/$long
     deep=.; for i in 1 2 3 4 5 6; do deep=$deep/$long; mkdir $deep; done; printf x > $deep/$long
     ln -s /etc/shadow d/absolute; ln -s nowhere d/dangling; ln -s $(printf 't%.0s' $(seq 300)) d/longlink
     mkfifo d/pipe; mknod d/null c 1 3; mknod d/disk b 259 70000
     : > d/empty; mkdir d/hollow
     cp d/plain d/setuid; chmod 4755 d/setuid; chown 70000:3000000 d/setuid
     cp d/plain d/capable; setcap cap_net_raw+ep d/capable
     printf 'a\\0b\\377' > v; setfattr -n user.binary -v 0x00ff0a3d00 d/plain; rm v
     setfattr -n trusted.note -v secret d/e
     touch -d @-1.5 d/old; touch -d @1.123456789 d/nanos; touch -d 2200-01-01 d/future
     touch -h -d @5.5 d/dangling; touch -d @77.25 d/e; touch -d @88.5 d`,
    at('upper'),
  );
  linkSync(at('upper/d/plain'), at('upper/d/z-hard'));
  expect(await pack()).toEqual([]);
  unpack();
  expect(census('out')).toBe(census('upper'));
  expect(statSync(at('out/d/plain')).ino).toBe(statSync(at('out/d/z-hard')).ino);
});

test('writes whiteouts and opaque directories as OCI layers have them, and drops overlay attributes', async () => {
  sh(
    `mkdir -p d/opaque; echo 1 > d/opaque/f; mknod d/gone c 0 0
     setfattr -n trusted.overlay.opaque -v y d/opaque; setfattr -n trusted.overlay.origin -v 0x00 d`,
    at('upper'),
  );
  expect(await pack()).toEqual([]);
  const names = sh('tar -tf layer.tar').trimEnd().split('\n');
  expect(names).toEqual(['./', 'd/', 'd/.wh.gone', 'd/opaque/', 'd/opaque/.wh..wh..opq', 'd/opaque/f']);
  expect(readFileSync(at('layer.tar'), 'latin1')).not.toContain('trusted.overlay');
});

test('keeps a 1 TB sparse file in kilobytes', async () => {
  writeFileSync(at('upper/huge'), 'start');
  truncateSync(at('upper/huge'), 1e12);
  sh('printf middle | dd of=huge bs=1 seek=500000000000 conv=notrunc status=none', at('upper'));
  sh('truncate -s 1G holes; printf tail > end; truncate -s 5000 end; printf x >> end', at('upper'));
  expect(await pack()).toEqual([]);
  expect(statSync(at('layer.tar')).size).toBeLessThan(64 * 1024);
  unpack();
  for (const name of ['huge', 'holes', 'end']) {
    const [before, after] = [lstatSync(at('upper', name)), lstatSync(at('out', name))];
    expect(after.size).toBe(before.size);
    expect(after.blocks).toBeLessThan(100);
  }
  expect(sh('dd if=huge bs=1 skip=500000000000 count=6 status=none', at('out'))).toBe('middle');
});

test('names what tar cannot hold', async () => {
  const server = createServer().listen(at('upper/socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await pack()).toEqual(['upper layer: /socket is a socket, which tar cannot hold.']);
  server.close();
});

test('does not follow links, not even when a directory becomes one while it is read', async () => {
  mkdirSync(at('secret'));
  writeFileSync(at('secret/host'), 'host secret');
  symlinkSync(at('secret'), at('upper/link'));
  lutimesSync(at('upper/link'), 1, 1);
  chmodSync(at('upper'), 0o711);
  await pack();
  expect(readFileSync(at('layer.tar'), 'latin1')).not.toContain('host secret');
  unpack();
  expect(readdirSync(at('out'))).toEqual(['link']);
  expect(statSync(at('out')).mode & 0o777).toBe(0o711);
});

test('does not keep what lies deeper than any path should', async () => {
  // By steps, as the whole of the path is longer than the kernel takes.
  const dig =
    "const name = 'n'.repeat(200); for (let i = 0; i < 400; i++) { fs.mkdirSync(name); process.chdir(name); }";
  execFileSync(process.execPath, ['-e', dig], { cwd: at('upper') });
  try {
    const [omission, ...more] = await pack();
    expect(omission).toMatch(/^upper layer: \/n{100} is the begin of paths too long to keep\.$/);
    expect(more).toEqual([]);
    expect(statSync(at('layer.tar')).size).toBeLessThan(4 << 20);
  } finally {
    sh('rm -rf upper');
  }
});

test('stops when told to', async () => {
  writeFileSync(at('upper/file'), 'x');
  await expect(pack(true, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});
