import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { ChangeKind } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import type { Engine, EngineCapabilities, EngineInfo } from '../port.ts';
import { type EngineAddress, isLocal } from './address.ts';
import { connect } from './client.ts';
import { compareReplacement } from './compare.ts';
import { createCopy, signalCopy } from './copy/copy.ts';
import { removeCopies, removeCopy } from './copy/remove.ts';
import { startCopy } from './copy/start.ts';
import { recreateDependents } from './dependents.ts';
import { destroy } from './destroy.ts';
import { detailsOf } from './details.ts';
import { pastEvents, watchEvents } from './events.ts';
import { freeze, thaw } from './freeze.ts';
import { waitHealthy } from './health.ts';
import { commit, imageRecord, loadImage, removeImage, saveImage } from './images.ts';
import { listContainers, lookUp } from './lookup.ts';
import { openNotes } from './notes.ts';
import { planReplacement } from './plan.ts';
import { prepareReplacement } from './prepare.ts';
import { endRedirection, redirect } from './redirect/redirect.ts';
import { replacePristine } from './replace.ts';
import { ensureStandby, removeStandbys, standbyOf } from './standby.ts';
import { start, stop } from './stop.ts';
import { logsOf, readPath } from './streams.ts';
import { removeWaitingNetwork } from './waiting-network.ts';
import { withdrawReplacement } from './withdraw.ts';

export interface DockerEngineOptions {
  readonly address: EngineAddress;
  readonly foundBy: string;
  /** Where it is noted what frozen containers had; see notes.ts. */
  readonly notesDirectory: string;
  /** Bound on the wait for the first answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Kinds as `GET /containers/ID/changes` numbers them. */
const KINDS: readonly ChangeKind[] = ['C', 'A', 'D'];

/**
 * An engine that speaks the Docker Engine API.
 * @throws whatever the first request failed with, unmapped, for the discovery to tell
 */
export async function connectDocker(options: DockerEngineOptions): Promise<Engine> {
  const client = await connect(options.address, options.timeoutMs);
  const notes = openNotes(options.notesDirectory);
  const answer = (await client.ask('describe itself', client.quick.info())) as InfoAnswer;
  // Behind by what the answer took, so that no event is missed; on this machine both clocks are the same.
  const skewMs = isLocal(options.address) ? 0 : Date.parse(answer.SystemTime ?? '') - Date.now() || 0;
  const info: EngineInfo = {
    title: `${client.product} ${client.version}`,
    endpoint: options.address.endpoint,
    foundBy: options.foundBy,
    version: client.version,
    apiVersion: client.apiVersion,
    storageDriver: answer.Driver,
    rootDirectory: answer.DockerRootDir,
    kernel: answer.KernelVersion,
    operatingSystem: answer.OperatingSystem,
    securityOptions: (answer.SecurityOptions ?? []).map(securityOption),
  };
  const capabilities: EngineCapabilities = {
    localStorage: isLocal(options.address) && storageIsHere(answer),
    pause: true,
    disconnectWhilePaused: true,
    commit: true,
    changes: true,
  };
  return {
    info,
    capabilities,
    list: () => listContainers(client),
    async inspect(reference) {
      const container = await lookUp(client, reference);
      return detailsOf(container, {
        localStorage: capabilities.localStorage,
        image: await imageRecord(client, container.Image),
        note: await notes.read(container.Id),
      });
    },
    watch: (signal) => watchEvents(client, Date.now() + skewMs, signal),
    pastEvents: (id, since, until) => pastEvents(client, id, since, until),
    async changes(id) {
      const container = client.patient.getContainer((await lookUp(client, id)).Id);
      const listed = changesListed(await client.ask('list changes', container.changes()));
      return listed.map(({ Kind, Path }) => ({ kind: KINDS[Kind] ?? 'C', path: Path }));
    },
    readPath: async (id, path) => readPath(client, (await lookUp(client, id)).Id, path),
    async logs(id) {
      const container = await lookUp(client, id);
      return logsOf(client, container.Id, container.Config.Tty ?? false);
    },
    freeze: (id, onPaused) => freeze(client, notes, id, onPaused),
    thaw: (id, frozen) => thaw(client, notes, id, frozen),
    replacePristine: (id, request) =>
      replacePristine(client, notes, id, request, { beforeLeaving: () => endRedirection(client, id) }),
    planReplacement: (id, request) => planReplacement(client, notes, id, request, capabilities.localStorage),
    prepareReplacement: (id, request, how) => prepareReplacement(client, notes, id, request, how),
    redirect: (id, candidateId) => redirect(client, notes, id, candidateId),
    async endRedirection(id) {
      await endRedirection(client, id);
      // After a crash between the last one's leaving and the network's end.
      await removeWaitingNetwork(client);
    },
    async withdrawReplacement(id, request) {
      await endRedirection(client, id);
      await withdrawReplacement(client, notes, id, request);
    },
    compareReplacement: (id, replacementId) => compareReplacement(client, notes, id, replacementId),
    recreateDependents: (id, replacementId, suffix) =>
      recreateDependents(client, notes, id, replacementId, suffix),
    ensureStandby: (id) => ensureStandby(client, notes, id),
    standbyOf: (id) => standbyOf(client, id),
    createCopy: (id, request) => createCopy({ client, notes, local: capabilities.localStorage }, id, request),
    startCopy: (id) => startCopy(client, id),
    signalCopy: (id, signal) => signalCopy(client, id, signal),
    removeCopy: (id) => removeCopy(client, notes, id),
    removeCopies: (id) => removeCopies(client, notes, id),
    removeStandbys: (keepFor) => removeStandbys(client, keepFor),
    stop: (id, how) => stop(client, notes, id, how),
    start: (id) => start(client, notes, id),
    waitHealthy: (id, timeoutMs) => waitHealthy(client, id, timeoutMs),
    destroy: (id) => destroy(client, notes, id),
    saveImage: (imageId) => saveImage(client, imageId),
    loadImage: (archive) => loadImage(client, archive),
    removeImage: (reference) => removeImage(client, reference),
    commit: async (id, labels) => commit(client, (await lookUp(client, id)).Id, labels),
  };
}

/** The members of `GET /info` that we read. */
interface InfoAnswer {
  readonly Driver: string;
  readonly DockerRootDir: string;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly SystemTime?: string;
  readonly SecurityOptions?: readonly string[] | null;
}

/** The name in e.g. `name=seccomp,profile=default`. */
function securityOption(option: string): string {
  return /^(?:name=)?([^,]*)/.exec(option)?.[1] ?? option;
}

interface ChangeAnswer {
  readonly Kind: number;
  readonly Path: string;
}

/** An unchanged container's list is `null`, which docker-modem gives as the bytes of the answer. */
function changesListed(answer: unknown): ChangeAnswer[] {
  if (Array.isArray(answer)) return answer;
  if (answer == null || String(answer).trim() === 'null') return [];
  throw new PristineError(
    'E_ENGINE_REFUSED',
    'the engine answered with something else than a list of changes',
    {
      next: 'See whether "docker diff" works, and look at the log of the engine.',
    },
  );
}

/**
 * Whether the layers can be read as they lie on disk. A local socket is not enough: it may lead into a virtual
 * machine (another kernel), or be mounted into the container that we run in (no such directory here).
 */
function storageIsHere(answer: InfoAnswer): boolean {
  if (process.getuid?.() !== 0 || answer.KernelVersion !== release()) return false;
  if (answer.Driver === 'overlay2') return existsSync(join(answer.DockerRootDir, 'overlay2'));
  return answer.Driver === 'overlayfs' && existsSync(answer.DockerRootDir);
}
