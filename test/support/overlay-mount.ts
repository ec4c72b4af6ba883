/** Overlays mounted by the test itself, to change files in ways (and by mount options) that no engine at hand uses. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { WatchTarget } from '../../src/contract/index.ts';

export type FileOperation =
  | { readonly do: 'write' | 'mkdir' | 'remove' | 'symlink'; readonly path: string }
  | { readonly do: 'chmod' | 'chown'; readonly path: string; readonly to: number }
  | { readonly do: 'rename' | 'link'; readonly path: string; readonly other: string };

/** Few paths, so that operations meet: a, b, and those in them, three levels deep. */
const name = fc.constantFrom('a', 'b');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));

const operation: fc.Arbitrary<FileOperation> = fc.oneof(
  fc.record({ do: fc.constantFrom('write', 'mkdir', 'remove', 'symlink'), path }),
  fc.record({ do: fc.constantFrom('chmod', 'chown'), path, to: fc.constantFrom(0o700, 0o750) }),
  fc.record({ do: fc.constantFrom('rename' as const, 'link' as const), path, other: path }),
);

/** A full tree to begin with. */
const seed: FileOperation[] = [
  ...['a/a', 'a/b', 'b/a'].map((each) => ({ do: 'mkdir' as const, path: each })),
  ...['a/a/a', 'a/a/b', 'a/b/a', 'b/a/a', 'b/b'].map((each) => ({ do: 'write' as const, path: each })),
];

/** What is done in each layer, the image's first, the container's last. */
export const layersOfOperations: fc.Arbitrary<FileOperation[][]> = fc
  .array(fc.array(operation, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 })
  .map((layers) => [seed, ...layers]);

let writes = 0;

/** Does what can be done; what the filesystem refuses is left out. */
function apply(root: string, step: FileOperation): void {
  const at = join(root, step.path);
  try {
    if (step.do === 'write') writeFileSync(at, `content ${++writes}`);
    else if (step.do === 'mkdir') mkdirSync(at, { recursive: true });
    else if (step.do === 'remove') rmSync(at, { recursive: true });
    else if (step.do === 'symlink') symlinkSync(`to ${step.path}`, at);
    else if (step.do === 'chmod') chmodSync(at, step.to);
    else if (step.do === 'chown') chownSync(at, step.to, 0);
    else if (step.do === 'rename') renameSync(at, join(root, step.other));
    else if (step.do === 'link') linkSync(at, join(root, step.other));
  } catch {}
}

interface FileSeen {
  /** All that tells two files apart. */
  readonly text: string;
  /** SHA-256 of a regular file. */
  readonly sha256: string | undefined;
}

export interface MountedOverlay extends Disposable {
  readonly target: WatchTarget;
  /** What the kernel shows, by path: of the container, and of the image alone. */
  readonly container: ReadonlyMap<string, FileSeen>;
  readonly image: ReadonlyMap<string, FileSeen>;
}

/** Makes each layer by mounting it over those below and working in the mount. */
export function overlayOf(layers: readonly FileOperation[][], options: string): MountedOverlay {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-overlay-'));
  const merged = join(folder, 'merged');
  mkdirSync(merged);
  // Two empty layers, so that there is always something to mount.
  const lower = ['empty1', 'empty2'].map((each) => join(folder, each));
  for (const each of lower) mkdirSync(each);
  let image = new Map<string, FileSeen>();
  let container = image;
  try {
    for (const [index, operations] of layers.entries()) {
      const holder = join(folder, `layer${index}`);
      for (const each of ['diff', 'work']) mkdirSync(join(holder, each), { recursive: true });
      // A rootless engine's folders belong to its user, which is how Pristine tells one that does not run.
      if (options.includes('userxattr')) chownSync(holder, 1000, 1000);
      const upper = join(holder, 'diff');
      const data = `lowerdir=${lower.join(':')},upperdir=${upper},workdir=${join(holder, 'work')},index=off${options}`;
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', data, merged]);
      try {
        for (const step of operations) apply(merged, step);
        image = container;
        container = see(merged);
      } finally {
        execFileSync('umount', [merged]);
      }
      lower.unshift(upper);
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const [upper = '', ...below] = lower;
  return {
    target: {
      ...{ id: 'x', name: 'x', image: 'x', imageId: 'x', pid: null, mounts: [] },
      overlay: { upper, lower: below, merged: null },
    },
    container,
    image,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function see(root: string, below = '', seen = new Map<string, FileSeen>()): Map<string, FileSeen> {
  for (const entry of readdirSync(join(root, below))) {
    const at = `${below}/${entry}`;
    const { mode, uid, mtimeMs } = lstatSync(join(root, at));
    const type = mode & 0o170000;
    const content = type === 0o100000 ? readFileSync(join(root, at)) : undefined;
    const sha256 = content && createHash('sha256').update(content).digest('hex');
    let text = `${mode.toString(8)} ${uid} ${sha256}`;
    if (type !== 0o040000) text += ` ${mtimeMs}`;
    if (type === 0o120000) text += ` ${readlinkSync(join(root, at))}`;
    seen.set(at, { text, sha256 });
    if (type === 0o040000) see(root, at, seen);
  }
  return seen;
}
