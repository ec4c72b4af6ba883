import { rename } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import type { BundleManifest, Drift } from '../../contract/index.ts';
import { newId, PristineError, version } from '../../kernel/index.ts';
import { userName } from '../actor.ts';
import { BundleBuilder } from '../bundle/builder.ts';
import { sealBundle } from '../bundle/seal-bundle.ts';
import { syncFolder } from '../durable.ts';
import { captureFailure } from '../failures.ts';
import { openLedger } from '../ledger/ledger.ts';
import { Omissions } from '../omissions.ts';
import { workFolder } from '../work-folder.ts';
import type { CaptureContext, CaptureInput } from './context.ts';
import { captureDenied } from './denied.ts';
import { captureEngineView } from './engine-items.ts';
import { captureLayers, writeImageDocuments } from './image.ts';
import { captureMounts } from './mounts.ts';
import { captureProcesses } from './processes.ts';
import { captureRecords } from './records.ts';
import { captureSockets } from './sockets.ts';

export interface CapturedBundle {
  /** The bundle's id. */
  readonly bundle: string;
  /** Its directory. */
  readonly path: string;
  readonly manifest: BundleManifest;
}

/**
 * Captures and seals everything there is of a container, most volatile first, as a bundle in the state
 * directory. Until it is sealed it lies aside, and is removed when anything fails; the container is only read.
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
  const { details: target, clock, stateDirectory, signal } = input;
  if (target.overlay !== null && process.geteuid?.() !== 0) throw needsRoot();
  const id = newId('ev', clock);
  const evidence = join(stateDirectory, 'evidence');
  await using work = await workFolder(evidence, id);
  const ledger = openLedger(stateDirectory, clock);
  const begun = await ledger.append('capture', id, {
    container: target.id,
    name: target.name,
    image: target.image,
    incident: input.incident?.id ?? 'none',
  });
  const context: CaptureContext = {
    ...input,
    bundle: id,
    target,
    folder: work.path,
    builder: new BundleBuilder(work.path),
    omissions: new Omissions(),
    differences: await driftOf(input),
  };
  const manifest = await collect(context, begun.entry.at);
  signal?.throwIfAborted();
  input.onProgress?.('sealing');
  await sealBundle({ ...context, manifest, ledger, begun });
  const path = join(evidence, id);
  await rename(work.path, path);
  await syncFolder(evidence);
  return { bundle: id, path, manifest };
}

/** Larger files are in the upper layer all the same; hashing them here would keep a recovery waiting. */
const LARGEST_HASHED = 256 << 20;

async function driftOf({ reader, details, signal, onProgress }: CaptureInput): Promise<Drift> {
  onProgress?.('drift');
  return reader.scan(details, { hash: true, maxHashBytes: LARGEST_HASHED, ...(signal && { signal }) });
}

async function collect(context: CaptureContext, capturedAt: string): Promise<BundleManifest> {
  const { target, incident, frozen, builder, omissions, bundle, clock } = context;
  const step = (what: string) => {
    context.signal?.throwIfAborted();
    context.onProgress?.(what);
  };
  step('processes');
  const processes = await captureProcesses(context);
  step('sockets');
  await captureSockets(context, processes);
  step('mounts');
  await captureMounts(context);
  step('configuration, output and events');
  await captureEngineView(context);
  step('upper layer and image');
  const layers = await captureLayers(context);
  await captureRecords(context);
  await captureDenied(context);
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
