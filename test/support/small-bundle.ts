/** A small sealed bundle without an engine, made by the same hands as a captured one, and a ledger with a past. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleManifest } from '../../src/contract/index.ts';
import { BundleBuilder } from '../../src/evidence/bundle/builder.ts';
import { sealBundle } from '../../src/evidence/bundle/seal-bundle.ts';
import { openLedger } from '../../src/evidence/ledger/ledger.ts';
import { systemClock, version } from '../../src/kernel/index.ts';

export const SMALL_BUNDLE = 'ev-20261124t120000-abcdef';

/** @returns the bundle's directory in the state directory */
export async function makeSmallBundle(stateDirectory: string): Promise<string> {
  const ledger = openLedger(stateDirectory, systemClock);
  await ledger.append('override', null, { why: 'a past' });
  const begun = await ledger.append('capture', SMALL_BUNDLE);
  await ledger.append('show', 'ev-20261124t110000-zzzzzz');
  const folder = join(stateDirectory, 'work');
  await mkdir(folder, { recursive: true });
  const builder = BundleBuilder.create(folder);
  const json = 'application/json';
  await builder.content('inspect.json', { title: 'inspect', mediaType: json }, '{"Config":{}}');
  await builder.content('logs.txt', { title: 'logs', mediaType: 'text/plain' }, 'line\n'.repeat(50));
  await builder.content('executables/x', { title: 'exe', mediaType: json }, Buffer.alloc(3000, 7));
  await builder.content('empty', { title: 'nothing', mediaType: json }, '');
  await builder.file('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  const at = systemClock.now().toISOString();
  const manifest: BundleManifest = {
    bundle: SMALL_BUNDLE,
    incident: null,
    container: { id: 'c'.repeat(64), name: 'web', image: 'web:1', imageId: 'sha256:0', repoDigests: [] },
    ...{ capturedAt: at, sealedAt: at, clockOffsetMs: null, frozen: true },
    collector: { name: 'pristine', version, host: 'host', kernel: '6.1', user: 'root' },
    image: { reference: 'pristine-evidence/web:1', config: '0', layers: [], baseLayers: 0 },
    items: builder.items,
    files: builder.files,
    omissions: ['Nothing but a name with \udcff bytes.'],
  };
  await sealBundle({ folder, builder, stateDirectory, manifest, ledger, begun });
  for (const action of ['verify', 'show', 'export'] as const) await ledger.append(action, SMALL_BUNDLE);
  const path = join(stateDirectory, 'evidence', SMALL_BUNDLE);
  await mkdir(join(stateDirectory, 'evidence'), { recursive: true });
  await rename(folder, path);
  return path;
}
