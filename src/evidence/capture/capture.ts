import { rename } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import type { BundleManifest } from '../../contract/index.ts';
import { newId, PristineError, version } from '../../kernel/index.ts';
import { syncFolder } from '../../linux/index.ts';
import { userName } from '../actor.ts';
import { BundleBuilder } from '../bundle/builder.ts';
import { sealBundle } from '../bundle/seal-bundle.ts';
import { captureFailure } from '../failures.ts';
import { openLedger } from '../ledger/ledger.ts';
import { Omissions } from '../omissions.ts';
import { SpaceGuard } from '../space.ts';
import { workFolder } from '../work-folder.ts';
import type { CaptureContext, CaptureInput } from './context.ts';
import { captureDenied } from './denied.ts';
import { captureDrift } from './drift.ts';
import { captureEngineView } from './engine-items.ts';
import { captureLayers, type Layers, measureUpperLayer, writeImageDocuments } from './image.ts';
import { captureMounts } from './mounts.ts';
import { captureProcesses } from './processes.ts';
import { captureRecords } from './records.ts';
import { captureSockets } from './sockets.ts';
import { together } from './together.ts';

export interface CapturedBundle {
  /** The bundle's id. */
  readonly bundle: string;
  /** Its directory. */
  readonly path: string;
  readonly manifest: BundleManifest;
}

/**
 * Captures and seals everything there is of a container as a bundle in the state directory. Until it is sealed it lies aside, and is removed when anything fails; the container is only read.
 *
 * @throws {PristineError} E_DISK_FULL, E_CAPTURE, E_NEEDS_ROOT, and what the engine fails with
 * @throws the signal's reason when it aborts
 */
export async function captureEvidence(input: CaptureInput): Promise<CapturedBundle> {
  try {
    return await capture(input);
  } catch (error) {
    if (input.signal?.aborted) throw input.signal.reason;
    throw captureFailure(error, `capturing ${input.details.name}`, input.stateDirectory);
  }
}

async function capture(input: CaptureInput): Promise<CapturedBundle> {
  const { details: target, clock, stateDirectory } = input;
  if (target.overlay !== null && process.geteuid?.() !== 0) throw needsRoot();
  const id = newId('ev', clock);
  const evidence = join(stateDirectory, 'evidence');
  await using work = await workFolder(evidence, id);
  const space = new SpaceGuard(evidence, input.keepFree);
  const builder = BundleBuilder.create(work.path, space);
  try {
    const abort = new AbortController();
    const signal = input.signal === undefined ? abort.signal : AbortSignal.any([input.signal, abort.signal]);
    const context: CaptureContext = {
      ...input,
      signal,
      bundle: id,
      target,
      folder: work.path,
      builder,
      space,
      omissions: new Omissions(),
    };
    const entries = await measureUpperLayer(context);
    const ledger = openLedger(stateDirectory, clock);
    const about = {
      container: target.id,
      name: target.name,
      image: target.image,
      incident: input.incident?.id ?? 'none',
    };
    const [begun, layers] = await together(abort, [
      ledger.append('capture', id, about),
      collect(context, abort, entries),
    ]);
    const manifest = await describe(context, layers, begun.entry.at);
    signal.throwIfAborted();
    input.onProgress?.('sealing');
    await sealBundle({ ...context, manifest, ledger, begun });
    const path = join(evidence, id);
    await rename(work.path, path);
    await syncFolder(evidence);
    return { bundle: id, path, manifest };
  } finally {
    await builder.settle();
  }
}

/** Collects everything: of a frozen container at once, else what is most volatile before the rest. */
async function collect(
  context: CaptureContext,
  abort: AbortController,
  entries: number | null,
): Promise<Layers> {
  const parts: CaptureContext[] = [];
  const part = (what: string): CaptureContext => {
    // Nothing here may throw: what has begun already would go on alone.
    context.onProgress?.(what);
    const own = { ...context, builder: context.builder.part(), omissions: new Omissions() };
    parts.push(own);
    return own;
  };
  const volatile = captureVolatile(part('processes and sockets'));
  if (!context.frozen) await volatile;
  const [, , , layers] = await together(abort, [
    volatile,
    captureMounts(part('mounts')),
    captureEngineView(part('configuration, output and events')),
    captureLayers(part('upper layer and image')),
    captureDrift(part('drift'), entries),
    captureRecords(part('incident')),
    captureDenied(part('refused files')),
  ]);
  context.builder.join(parts.map(({ builder }) => builder));
  for (const { omissions } of parts) context.omissions.join(omissions);
  return layers;
}

async function captureVolatile(context: CaptureContext): Promise<void> {
  await captureSockets(context, await captureProcesses(context));
}

async function describe(
  context: CaptureContext,
  layers: Layers,
  capturedAt: string,
): Promise<BundleManifest> {
  const { target, incident, frozen, builder, omissions, bundle, clock } = context;
  const image = await writeImageDocuments(context, layers, capturedAt);
  return {
    bundle,
    incident: incident?.id ?? null,
    container: {
      id: target.id,
      name: target.name,
      image: target.image,
      imageId: target.imageId,
      repoDigests: [...target.repoDigests],
    },
    capturedAt,
    sealedAt: clock.now().toISOString(),
    collector: { name: 'pristine', version, host: hostname(), kernel: release(), user: userName() },
    clockOffsetMs: null,
    frozen,
    image,
    items: builder.items,
    files: builder.files,
    omissions: omissions.list(),
  };
}

function needsRoot(): PristineError {
  return new PristineError(
    'E_NEEDS_ROOT',
    "evidence is read from the engine's storage and from /proc, as root",
    {
      next: 'Run the same command as root, e.g. with sudo.',
    },
  );
}
