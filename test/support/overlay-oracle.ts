/** What a scan must say, found out by comparing what the kernel shows path by path. */
import { createOverlayReader } from '../../src/sensor/index.ts';
import { type FileOperation, overlayOf } from './overlay-mount.ts';

export const MOUNT_OPTIONS: Readonly<Record<string, string>> = {
  'as Docker mounts': '',
  'with renames of directories': ',redirect_dir=on',
  'with copies of attributes alone': ',redirect_dir=on,metacopy=on',
  'of a rootless engine': ',userxattr',
};

/** Changes as lines with the hashes before and after, of the scan and of the kernel; `identical` ones and bare opacity are not in them. */
export async function agreesWithKernel(
  layers: readonly FileOperation[][],
  options: string,
): Promise<{ scanned: string[]; shown: string[] }> {
  using overlay = overlayOf(layers, options);
  const { container, image, target } = overlay;
  const { changes } = await createOverlayReader().scan(target, { hash: true, maxHashBytes: 1 << 20 });
  const scanned = changes
    .filter(({ differs, kind }) => kind !== 'C' || differs.some((attribute) => attribute !== 'opaque'))
    .map(({ kind, path, before, after }) => `${kind} ${path} ${before?.sha256} ${after?.sha256}`);
  const shown: string[] = [];
  for (const path of new Set([...container.keys(), ...image.keys()])) {
    const [now, then] = [container.get(path), image.get(path)];
    const parent = path.slice(0, path.lastIndexOf('/'));
    // A deleted directory is listed itself, not what was in it.
    if (now === undefined && image.has(parent) && !container.has(parent)) continue;
    if (now !== undefined && now.text === then?.text) continue;
    const kind = now === undefined ? 'D' : then === undefined ? 'A' : 'C';
    shown.push(`${kind} ${path} ${then?.sha256} ${now?.sha256}`);
  }
  return { scanned: scanned.sort(), shown: shown.sort() };
}
