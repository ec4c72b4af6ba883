import type { OverlayLayers, WatchTarget } from '../../contract/index.ts';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import { SafeDirectory } from '../../linux/index.ts';
import { type Layer, rootOf } from './lookup.ts';
import { markPrefix } from './marks.ts';
import type { Stacks } from './walk.ts';

/** The layers of a container, open; closed at the end of the scope (`using`). */
export interface OpenLayers extends Stacks, Disposable {}

/**
 * Opens the layers of a container's overlay.
 *
 * @throws {PristineError} E_NOT_SUPPORTED without a local overlay, E_NEEDS_ROOT, E_NO_SUCH_CONTAINER when the
 *   layers are gone
 */
export function openLayers(target: WatchTarget): OpenLayers {
  const { overlay } = target;
  if (overlay === null) {
    throw new PristineError('E_NOT_SUPPORTED', `${target.name} is not stored in an overlay on this machine`, {
      next: 'Read its drift through the engine instead.',
    });
  }
  const layers: Layer[] = [];
  const close = () => {
    for (const { root } of layers) root.close();
  };
  try {
    for (const path of [overlay.upper, ...overlay.lower])
      layers.push({ root: SafeDirectory.openTrusted(path), isUpper: path === overlay.upper });
  } catch (error) {
    close();
    throw cannotOpen(target, overlay, error);
  }
  const prefix = markPrefix(target);
  const roots = layers.map((layer) => rootOf(layer, prefix));
  return {
    container: { roots, prefix },
    image: { roots: roots.slice(1), prefix },
    [Symbol.dispose]: close,
  };
}

function cannotOpen(target: WatchTarget, overlay: OverlayLayers, cause: unknown): unknown {
  switch (systemErrorCode(cause)) {
    case 'ENOENT':
      return new PristineError(
        'E_NO_SUCH_CONTAINER',
        `the layers of ${target.name} are gone: ${overlay.upper}`,
        {
          next: 'The container was probably removed; list the containers with "pristine ps".',
          cause,
        },
      );
    case 'EACCES':
    case 'EPERM':
      return new PristineError('E_NEEDS_ROOT', `this user may not read the layers of ${target.name}`, {
        next: 'Run Pristine as root, or let it read drift through the engine.',
        cause,
      });
    default:
      return cause;
  }
}
