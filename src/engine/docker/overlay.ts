import { lstatSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { OverlayLayers } from '../../contract/index.ts';
import type { Inspect } from './vendor.ts';

/**
 * The overlay layers of a container as paths of this host: as the engine says, else (containerd image store)
 * as the kernel says of the mounted root. Null when there is none or it cannot be seen from here.
 */
export function overlayOf(container: Inspect): OverlayLayers | null {
  const data = container.GraphDriver?.Data;
  const upper = data?.UpperDir;
  const lower = data?.LowerDir;
  if (upper !== undefined && lower !== undefined)
    return visible({ upper, lower: splitLayers(lower), merged: data?.MergedDir ?? null });
  if (container.State.Pid === 0) return null;
  try {
    const layers = rootOverlay(readFileSync(`/proc/${container.State.Pid}/mountinfo`, 'utf8'));
    return layers === null ? null : visible(layers);
  } catch {
    // The container has ended since, or /proc hides other users' processes.
    return null;
  }
}

function visible(layers: OverlayLayers): OverlayLayers | null {
  try {
    return lstatSync(layers.upper).isDirectory() ? layers : null;
  } catch {
    return null;
  }
}

/**
 * The layers of the first overlay mounted on `/` in a mountinfo(5) text; null when there is none, or its
 * paths are relative (the mounter had changed directory, and we cannot know to where).
 */
export function rootOverlay(mountinfo: string): OverlayLayers | null {
  for (const line of mountinfo.split('\n')) {
    const [mount = '', filesystem = ''] = line.split(' - ');
    const [type, , options = ''] = filesystem.split(' ');
    if (type !== 'overlay' || mount.split(' ')[4] !== '/') continue;
    const named = new Map(splitOptions(options).map((option) => splitOnce(option, '=')));
    const upper = named.get('upperdir');
    const lower = splitLayers(named.get('lowerdir') ?? '');
    if (upper === undefined || ![upper, ...lower].every((path) => isAbsolute(path))) return null;
    return { upper, lower, merged: null };
  }
  return null;
}

/** Mount options; a comma in a path is written `\,`, and mountinfo writes the backslash as `\134`. */
function splitOptions(options: string): string[] {
  return options
    .replaceAll(/\\([0-7]{3})/g, octal)
    .split(/(?<!\\),/)
    .map((option) => option.replaceAll('\\,', ','));
}

function octal(_match: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8));
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Overlay separates layers with `:` (a colon within a path is written `\:`), and data-only layers with `::`. */
function splitLayers(lower: string): string[] {
  return lower
    .split(/(?<!\\):+/)
    .filter((layer) => layer !== '')
    .map((layer) => layer.replaceAll('\\:', ':'));
}
