import type { Change } from '../../contract/index.ts';
import { canonicalJson } from '../../kernel/index.ts';
import type { ByteSink } from '../tar/writer.ts';
import type { CaptureContext } from './context.ts';

/** Larger files are in the upper layer all the same; hashing them here would keep a recovery waiting. */
const LARGEST_HASHED = 256 << 20;
/** Upper layers with more entries are not taken into memory whole: their changes are written as they are found. */
const MOST_IN_MEMORY = 50_000;
/** More changes are not listed. */
const MOST_LISTED = 300_000;

/** Keeps every difference from the image. @param entries of the upper layer; null when nobody counted */
export async function captureDrift(
  context: CaptureContext,
  entries: number | null,
  mostInMemory = MOST_IN_MEMORY,
): Promise<void> {
  const { reader, target, builder, omissions, signal, clock } = context;
  const options = { hash: true, maxHashBytes: LARGEST_HASHED, ...(signal && { signal }) };
  const kind = { title: 'Every difference from the image', mediaType: 'application/json' };
  if (entries === null || entries <= mostInMemory) {
    const { changes, blindSpots, ...about } = await reader.scan(target, options);
    await builder.item('drift.json', kind, async (file) => {
      const document = new DriftDocument(file, blindSpots);
      for (const change of changes) await document.add(change);
      await document.end(about);
    });
    for (const sentence of blindSpots) omissions.add(sentence);
    return;
  }
  const { id, name, image, imageId } = target;
  const takenAt = clock.now().toISOString();
  const blindSpots = [
    `More than ${mostInMemory} files differ: the differences are in no order, and renames are not recognised.`,
    ...reader.blindSpots(target),
  ];
  await builder.item('drift.json', kind, async (file) => {
    const document = new DriftDocument(file, blindSpots);
    for await (const batch of reader.scanStream(target, options)) {
      for (const change of batch) await document.add(change);
      if (document.changes < MOST_LISTED) continue;
      omissions.add(
        `Of the differences only ${document.changes} are listed; the upper layer has all of them.`,
      );
      break;
    }
    await document.end({ container: { id, name, image, imageId }, source: reader.source, takenAt });
  });
  for (const sentence of blindSpots) omissions.add(sentence);
}

/** A drift in canonical JSON, written change by change: a hostile container can have hundreds of thousands. */
class DriftDocument {
  changes = 0;
  readonly #sink: ByteSink;
  readonly #blindSpots: readonly string[];

  constructor(sink: ByteSink, blindSpots: readonly string[]) {
    this.#sink = sink;
    this.#blindSpots = blindSpots;
  }

  async add(change: Change): Promise<void> {
    await this.#write(`${this.changes++ === 0 ? this.#begin() : ','}${canonicalJson(change)}`);
  }

  async end(about: { container: object; source: string; takenAt: string }): Promise<void> {
    await this.#write(`${this.changes === 0 ? this.#begin() : ''}],${canonicalJson(about).slice(1)}`);
  }

  #begin(): string {
    return `{"blindSpots":${canonicalJson(this.#blindSpots)},"changes":[`;
  }

  #write(text: string): Promise<void> {
    return this.#sink.write(Buffer.from(text));
  }
}
