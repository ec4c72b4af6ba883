import { canonicalJson } from '../../kernel/index.ts';
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
  const events = await engine.pastEvents(target.id, since, clock.now().toISOString());
  const kind = { title: "The engine's events of the container since its start", mediaType: json };
  await builder.content('engine-events.json', kind, canonicalJson(events));
}

async function captureLogs({ builder, engine, target, omissions, signal }: CaptureContext): Promise<void> {
  const kind = { title: "The container's output", mediaType: 'text/plain' };
  const logs = await engine.logs(target.id);
  try {
    await builder.item('logs.txt', kind, async (file) => {
      let size = 0;
      for await (const piece of logs as AsyncIterable<Buffer | string>) {
        signal?.throwIfAborted();
        const bytes = Buffer.from(piece);
        size += bytes.length;
        if (size > LARGEST_LOG) {
          omissions.add(`The output is longer than ${LARGEST_LOG} bytes: the rest is not kept.`);
          return;
        }
        await file.write(bytes);
      }
    });
  } finally {
    logs.destroy();
  }
}
