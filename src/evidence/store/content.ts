/** Files of a sealed bundle: as the container had them, and as its image has them. */
import type { BundleManifest } from '../../contract/index.ts';
import type { FileSample } from '../../sensor/index.ts';
import { blobPath } from '../bundle/builder.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { readMember, scanTar, type TarMember } from '../tar/scan.ts';

/** What one layer says of a path: a file's content, that it is gone, or nothing. */
type LayerAnswer =
  | { readonly found: 'file'; readonly member: TarMember }
  | { readonly found: 'hidden' }
  | { readonly found: 'nothing' };

/**
 * Content of a regular file, at most `maxBytes`; null when there is none.
 *
 * @param layers SHA-256 of each layer, lowest first
 * @param path absolute path in the container
 */
export async function readFromLayers(
  source: BundleSource,
  layers: readonly string[],
  path: string,
  maxBytes: number,
): Promise<FileSample | null> {
  const relative = path.split('/').filter(Boolean).join('/');
  for (const layer of layers.toReversed()) {
    const entry = source.entries.get(blobPath(layer));
    if (entry === undefined) continue;
    await using file = await entry.open();
    const answer = await ask(scanTar(file), relative);
    if (answer.found === 'hidden') return null;
    if (answer.found === 'file') {
      const bytes = await readMember(file, answer.member, maxBytes);
      return { bytes, size: answer.member.realSize };
    }
  }
  return null;
}

/** Layers of the container, the upper layer's full form on top, and of its image alone. */
export function layersOf({ image, items }: BundleManifest): { container: string[]; original: string[] } {
  const original = image.layers.slice(0, image.baseLayers);
  // The image's own top layer can leave out sparse files that the item has.
  const upper = items.find(({ path }) => path === 'items/upper-layer.tar')?.sha256;
  return { original, container: upper === undefined ? [...image.layers] : [...original, upper] };
}

async function ask(members: AsyncIterable<TarMember>, path: string): Promise<LayerAnswer> {
  const parents = path.split('/').map((_, index, parts) => parts.slice(0, index).join('/'));
  const whiteouts = new Set(path.split('/').map((name, index) => join(parents[index] ?? '', `.wh.${name}`)));
  const opaque = new Set(parents.map((parent) => join(parent, '.wh..wh..opq')));
  const files = new Map<string, TarMember>();
  let answer: TarMember | undefined;
  let hidden = false;
  for await (const member of members) {
    if (member.type === 'file') files.set(member.path, member);
    if (member.path === path) answer = member;
    // A parent that is no directory here hides what lower layers have below it.
    else if (member.type !== 'dir' && parents.includes(member.path) && member.path !== '') hidden = true;
    if (!member.literal && (whiteouts.has(member.path) || opaque.has(member.path))) hidden = true;
  }
  const file = answer?.type === 'hardlink' ? files.get(answer.target) : answer;
  if (file?.type === 'file') return { found: 'file', member: file };
  return { found: answer !== undefined || hidden ? 'hidden' : 'nothing' };
}

function join(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`;
}
