/**
 * Everything that can become of a path, case by case. Each case has a directory of its own, `/t/NAME`, in
 * which its scripts run: first those that make the image's layers, then what the container does, then what is
 * done from the host through the container's root (which goes through the overlay like the rest).
 */

import { renameSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setXattr } from './set-xattr.ts';

export interface TortureCase {
  /** Scripts of the image's layers, lowest first. */
  readonly layers?: readonly string[];
  readonly change?: string;
  readonly fromHost?: (folder: string) => void | Promise<void>;
  /**
   * What the drift must say of the paths in the case's directory, and of no other there:
   * `KIND [identical] [differs,…] [<- renamed from]`.
   */
  readonly expect: Readonly<Record<string, string>>;
}

/** A socket file; Node removes the name that it bound, so that the name is changed first. */
function makeSocket(path: string): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(`${path}~`, () => {
      renameSync(`${path}~`, path);
      server.close(() => resolve());
    });
  });
}

/** struct vfs_cap_data, revision 2: cap_net_raw (bit 13) effective and permitted. */
const NET_RAW = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const long = 'n'.repeat(255);

const content: Record<string, TortureCase> = {
  added: { change: 'echo x > new', expect: { new: 'A' } },
  'added-and-deleted': { change: 'echo x > new; rm new', expect: {} },
  content: { layers: ['echo old > f'], change: 'echo newer > f', expect: { f: 'C content,size,mtime' } },
  'content-behind-its-time': {
    layers: ['echo old > f; touch -d @1000000000 f'],
    change: 'echo new > f; touch -d @1000000000 f',
    expect: { f: 'C content' },
  },
  'copied-up': { layers: ['echo x > f'], change: 'chmod 644 f', expect: { f: 'C identical' } },
  emptied: { layers: ['echo x > f'], change: ': > f', expect: { f: 'C content,size,mtime' } },
};

const attributes: Record<string, TortureCase> = {
  chmod: {
    layers: ['echo x > f; mkdir d'],
    change: 'chmod 600 f; chmod 700 d',
    expect: { f: 'C mode', d: 'C mode' },
  },
  chown: { layers: ['echo x > f; mkdir d'], change: 'chown 1:2 f d', expect: { f: 'C owner', d: 'C owner' } },
  touch: { layers: ['echo x > f; mkdir d'], change: 'touch f d', expect: { f: 'C mtime' } },
  'touch-in-the-second': {
    layers: ['echo x > f; touch -d @1500000000 f'],
    fromHost: (folder) => utimesSync(join(folder, 'f'), 1_500_000_000, 1_500_000_000.5),
    expect: { f: 'C mtime' },
  },
  'before-1970': {
    change: 'echo x > f',
    fromHost: (folder) => utimesSync(join(folder, 'f'), 0, -1.5),
    expect: { f: 'A' },
  },
  setuid: {
    layers: ['cp /bin/busybox b; chmod 755 b'],
    change: 'chmod u+s b; cp /bin/busybox new; chmod 6755 new',
    expect: { b: 'C mode', new: 'A' },
  },
  capability: {
    layers: ['echo x > f'],
    change: 'echo x > new',
    fromHost: (folder) => {
      for (const name of ['f', 'new']) setXattr(join(folder, name), 'security.capability', NET_RAW);
    },
    expect: { f: 'C capabilities', new: 'A' },
  },
  xattr: {
    layers: ['echo x > f; mkdir d'],
    fromHost: (folder) => {
      for (const name of ['f', 'd']) setXattr(join(folder, name), 'user.note', Buffer.from('x'));
    },
    expect: { f: 'C xattrs', d: 'C xattrs' },
  },
  'forged-overlay-marks': {
    layers: ['mkdir d; echo x > d/f; echo x > g'],
    fromHost: (folder) => {
      setXattr(join(folder, 'd'), 'user.overlay.opaque', Buffer.from('y'));
      setXattr(join(folder, 'd'), 'trusted.overlay.opaque', Buffer.from('y'));
      setXattr(join(folder, 'g'), 'trusted.overlay.metacopy', Buffer.alloc(0));
    },
    expect: { d: 'C xattrs', g: 'C xattrs' },
  },
};

const types: Record<string, TortureCase> = {
  fifo: {
    layers: ['mkfifo touched replaced'],
    change: 'mkfifo new; touch touched; rm replaced; echo x > replaced; chmod 644 replaced',
    expect: { new: 'A', touched: 'C mtime', replaced: 'C type' },
  },
  socket: { fromHost: (folder) => makeSocket(join(folder, 's')), expect: { s: 'A' } },
  device: {
    layers: ['mknod c c 1 3; mknod b b 7 0; mknod same b 7 1'],
    change:
      'mknod new c 1 5; touch b; rm c; mknod c c 1 7; rm same; mknod same b 7 2; touch -d @1000000000 same',
    expect: { new: 'A', b: 'C mtime', c: 'C mtime,device', same: 'C mtime,device' },
  },
  'empty-directory': { change: 'mkdir -p d/e', expect: { d: 'A', 'd/e': 'A' } },
  symlink: {
    layers: ['ln -s old l; ln -s x gone; ln -s x touched'],
    change:
      'ln -sfn new l; rm gone; ln -s nowhere dangling; ln -s /etc/shadow absolute; ln -s / root; ln -s loop loop; touch -h touched',
    expect: {
      l: 'C mtime,target',
      gone: 'D',
      dangling: 'A',
      absolute: 'A',
      root: 'A',
      loop: 'A',
      touched: 'C mtime',
    },
  },
  'hard-link': {
    layers: ['echo x > f; echo y > a; ln a b'],
    change: 'ln f g; echo more >> a',
    expect: { f: 'C identical', g: 'A', a: 'C content,size,mtime' },
  },
};

const deletions: Record<string, TortureCase> = {
  deleted: {
    layers: ['echo x > f; mkdir -p d/e; echo x > d/e/f; mkdir keep; echo x > keep/f; echo y > keep/g'],
    change: 'rm f; rm -r d; rm keep/f',
    expect: { f: 'D', d: 'D', 'keep/f': 'D' },
  },
  opaque: {
    layers: ['mkdir -p d/e; echo a > d/a; echo b > d/e/b'],
    change: 'rm -r d; mkdir d; echo new > d/new',
    expect: { d: 'C opaque', 'd/a': 'D', 'd/e': 'D', 'd/new': 'A' },
  },
  'opaque-and-put-back': {
    layers: ['mkdir -p d/e; echo a > d/a; echo b > d/e/b'],
    change: 'cp -a d kept; rm -r d; cp -a kept d; rm -r kept',
    expect: { d: 'C opaque', 'd/a': 'C identical', 'd/e/b': 'C identical' },
  },
  'directory-to-file': {
    layers: ['mkdir -p d/e; echo a > d/a; echo b > d/e/b; chmod 644 d'],
    change: 'rm -r d; echo x > d; chmod 644 d',
    expect: { d: 'C type', 'd/a': 'D', 'd/e': 'D' },
  },
  'directory-to-file-and-back': {
    layers: ['mkdir d; echo a > d/a'],
    change: 'rm -r d; echo x > d; rm d; mkdir d; echo a > d/b',
    expect: { d: 'C opaque', 'd/a': 'D', 'd/b': 'A' },
  },
  'directory-to-link': {
    layers: ['mkdir d; echo a > d/a'],
    change: 'rm -r d; ln -s / d',
    expect: { d: 'C type,mode', 'd/a': 'D' },
  },
  'directory-to-devices': {
    layers: ['mkdir b c p; touch b/a c/a p/a'],
    change: 'rm -r b c p; mknod b b 7 0; mknod c c 1 3; mkfifo p',
    expect: { b: 'C type,mode', 'b/a': 'D', c: 'C type,mode', 'c/a': 'D', p: 'C type,mode', 'p/a': 'D' },
  },
  'directory-to-socket': {
    layers: ['mkdir d; touch d/a'],
    change: 'rm -r d',
    fromHost: (folder) => makeSocket(join(folder, 'd')),
    expect: { d: 'C type', 'd/a': 'D' },
  },
  'file-to-directory': {
    layers: ['echo x > f'],
    change: 'rm f; mkdir f; echo y > f/g',
    expect: { f: 'C type,mode', 'f/g': 'A' },
  },
};

const renames: Record<string, TortureCase> = {
  renamed: { layers: ['echo renamed > f'], change: 'mv f g', expect: { f: 'D', g: 'A <- f' } },
  'renamed-and-edited': {
    layers: ['echo edited > f'],
    change: 'mv f g; echo more >> g',
    expect: { f: 'D', g: 'A <- f' },
  },
  'renamed-and-made-anew': {
    layers: ['echo original > f'],
    change: 'mv f g; echo an imposter > f',
    expect: { f: 'C content,size,mtime', g: 'A <- f' },
  },
  swapped: {
    layers: ['echo first > a; touch -d @1000000000 a; echo second! > b; touch -d @1000000000 b'],
    change: 'mv a t; mv b a; mv t b',
    expect: { a: 'C content,size <- b', b: 'C content,size <- a' },
  },
  'copied-and-deleted': {
    layers: [`echo ${'long enough to tell '.repeat(5)} > f; echo x > tiny`],
    change: 'cp f g; rm f; cp tiny other; rm tiny',
    expect: { f: 'D', g: 'A <- f', tiny: 'D', other: 'A' },
  },
  'across-directories': {
    layers: ['mkdir from to; echo across > from/f'],
    change: 'mv from/f to/f',
    expect: { 'from/f': 'D', 'to/f': 'A <- from/f' },
  },
  'a-directory-across': {
    layers: ['mkdir -p from/d/e to; echo directory1 > from/d/f; echo directory22 > from/d/e/g'],
    change: 'mv from/d to/d',
    expect: {
      'from/d': 'D',
      'to/d': 'A',
      'to/d/e': 'A',
      'to/d/f': 'A <- from/d/f',
      'to/d/e/g': 'A <- from/d/e/g',
    },
  },
};

const names: Record<string, TortureCase> = {
  names: {
    layers: ["echo x > 'a b'"],
    change: [
      "rm 'a b'; echo x > ' lead'; echo x > 'pi|pe'; echo x > '$(id)'; echo x > -rf; echo x > ...; echo x > .wh.f",
      "echo x > \"$(printf 'new\\nline')\"; echo x > \"$(printf 'esc\\033[31m')\"; echo x > 'back\\slash'",
      "echo x > \"$(printf 'bad\\377byte\\303')\"; echo x > \"$(printf 'half\\355\\240\\200')\"; echo x > 'ünï'",
      `echo x > ${long}; mkdir "$(printf 'd\\200')"; echo x > "$(printf 'd\\200')/f"`,
    ].join('\n'),
    expect: {
      'a b': 'D',
      ' lead': 'A',
      'pi|pe': 'A',
      '$(id)': 'A',
      '-rf': 'A',
      '...': 'A',
      '.wh.f': 'A',
      'new\nline': 'A',
      'esc\x1b[31m': 'A',
      'back\\slash': 'A',
      'bad\udcffbyte\udcc3': 'A',
      'half\udced\udca0\udc80': 'A',
      ünï: 'A',
      [long]: 'A',
      'd\udc80': 'A',
      'd\udc80/f': 'A',
    },
  },
};

/** Cases whose image has whiteouts and opaque directories of its own. */
const layered: Record<string, TortureCase> = {
  'deleted-in-image': {
    layers: ['echo x > f; echo x > never', 'rm f never'],
    change: 'echo x > f; echo x > never; rm never',
    expect: { f: 'A' },
  },
  'back-in-image': {
    layers: ['echo x > f', 'rm f', 'echo yy > f'],
    change: 'echo zzz > f',
    expect: { f: 'C content,size,mtime' },
  },
  'opaque-in-image': {
    layers: ['mkdir d; echo x > d/a; echo x > d/c', 'rm -r d; mkdir d; echo x > d/b'],
    change: 'echo x > d/a; rm d/b',
    expect: { 'd/a': 'A', 'd/b': 'D' },
  },
  'merged-in-image': {
    layers: ['mkdir d; echo 1 > d/a', 'echo 2 > d/b', 'echo 3 > d/c; rm d/a'],
    change: 'rm -r d; mkdir d',
    expect: { d: 'C opaque', 'd/b': 'D', 'd/c': 'D' },
  },
  'types-in-image': {
    layers: ['mkdir d; echo x > d/a; echo x > f', 'rm -r d f; echo x > d; mkdir f', 'echo x > f/g'],
    change: 'echo more >> d; rm f/g; echo x > f/h',
    expect: { d: 'C content,size,mtime', 'f/g': 'D', 'f/h': 'A' },
  },
};

const DEPTH = 100;
const deep = Array.from({ length: DEPTH }, (_, index) =>
  Array(index + 1)
    .fill('d')
    .join('/'),
);
const many = Array.from({ length: 5000 }, (_, index) => `d/${index}`);

const large: Record<string, TortureCase> = {
  deep: {
    change: `mkdir -p ${deep.at(-1)}; echo x > ${deep.at(-1)}/f`,
    expect: Object.fromEntries([...deep, `${deep.at(-1)}/f`].map((path) => [path, 'A'])),
  },
  many: {
    change: 'mkdir d; i=0; while [ $i -lt 5000 ]; do echo $i > d/$i; i=$((i+1)); done',
    expect: Object.fromEntries(['d', ...many].map((path) => [path, 'A'])),
  },
};

export const TORTURE_CASES: Readonly<Record<string, TortureCase>> = {
  ...content,
  ...attributes,
  ...types,
  ...deletions,
  ...renames,
  ...names,
  ...layered,
  ...large,
};
