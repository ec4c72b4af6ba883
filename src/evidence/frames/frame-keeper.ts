import type { Clock } from '../../kernel/index.ts';
import { frameFailure } from '../failures.ts';
import {
  type FrameLimits,
  type FrameRequest,
  type IncidentFrames,
  type KeptFrame,
  openIncidentFrames,
} from './incident-frames.ts';

const DEFAULT_LIMITS: FrameLimits = {
  fileBytes: 512 << 20,
  incidentBytes: 2 * 1024 ** 3,
  incidentFiles: 1000,
  copyMs: 60_000,
};

export interface FrameKeeper {
  /**
   * Keeps a refused file: its bytes, a record of the refusal and an entry in the ledger, all on disk when this
   * resolves. One at a time.
   *
   * @throws {PristineError} E_DISK_FULL, E_STATE, E_CAPTURE; nothing of it is left then
   * @throws the signal's reason when it aborts
   */
  keep(request: FrameRequest): Promise<KeptFrame>;
}

/** Keeps the files that were refused to a state directory's containers; one process may do that at a time. */
export function createFrameKeeper(
  stateDirectory: string,
  { clock, limits = {} }: { clock: Clock; limits?: Partial<FrameLimits> },
): FrameKeeper {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const archives = new Map<string, IncidentFrames>();
  let last: Promise<unknown> = Promise.resolve();

  const keep = async (request: FrameRequest): Promise<KeptFrame> => {
    const { incident, signal } = request;
    try {
      signal?.throwIfAborted();
      const frames =
        archives.get(incident) ??
        (await openIncidentFrames(incident, { stateDirectory, clock, limits: bounds }));
      archives.set(incident, frames);
      return await frames.keep(request);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw frameFailure(error, request.denial.path, stateDirectory);
    }
  };
  return {
    keep: (request) => {
      const kept = last.then(() => keep(request));
      last = kept.catch(() => {});
      return kept;
    },
  };
}
