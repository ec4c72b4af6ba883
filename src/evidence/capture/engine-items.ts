import { canonicalJson, PristineError } from '../../kernel/index.ts';
import type { CaptureContext } from './context.ts';

const LARGEST_LOG = 1024 ** 3;

/** Keeps what the engine says of the container: its configuration, its output and its events. */
export async function captureEngineView(context: CaptureContext): Promise<void> {
  const { builder, engine, target, clock } = context;
  const json = 'application/json';
  const inspect = {
    title: "The engine's whole description of the container, with its environment",
    mediaType: json,
  };
  await builder.content('inspect.json', inspect, canonicalJson(target.raw));
  await captureLogs(context);
  const since = target.startedAt ?? target.createdAt;
  const events = await unlessRefused(
    engine.pastEvents(target.id, since, clock.now().toISOString()),
    "The engine's events are not in the bundle",
    context,
  );
  if (events === null) return;
  const kind = { title: "The engine's events of the container since its start", mediaType: json };
  await builder.content('engine-events.json', kind, canonicalJson(events));
}

/** What the engine answers; null when it refuses, as it does of containers that it could not remove whole. */
async function unlessRefused<T>(
  answer: Promise<T>,
  what: string,
  { omissions }: CaptureContext,
): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof PristineError) || error.code !== 'E_ENGINE_REFUSED') throw error;
    omissions.add(`${what}: ${error.message}.`);
    return null;
  }
}

async function captureLogs(context: CaptureContext): Promise<void> {
  const { builder, engine, target, omissions, signal } = context;
  const kind = { title: "The container's output", mediaType: 'text/plain' };
  const logs = await unlessRefused(engine.logs(target.id), 'The output is not in the bundle', context);
  if (logs === null) return;
  try {
    await builder.item('logs.txt', kind, async (file) => {
      let size = 0;
      for await (const piece of logs as AsyncIterable<Buffer | string>) {
        signal?.throwIfAborted();
        const bytes = Buffer.from(piece);
        const room = LARGEST_LOG - size;
        await file.write(bytes.subarray(0, room));
        size += bytes.length;
        if (size > LARGEST_LOG) {
          omissions.add(`The output is longer than ${LARGEST_LOG} bytes: the rest is not kept.`);
          return;
        }
      }
    });
  } finally {
    logs.destroy();
  }
}
