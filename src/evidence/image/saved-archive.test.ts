import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as rest } from 'node:timers/promises';
import { pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { SpaceGuard } from '../space.ts';
import { unpackArchive } from './saved-archive.ts';

test('an archive whose reading is given up ends at once, whatever was under way', async () => {
  const archive = await archiveOf(6);
  for (let at = 0; at < archive.length; at += 256) {
    for (const late of [0, 1, 2]) expect(await givenUpAt(archive, at, late)).toBeInstanceOf(Error);
  }
});

test('an archive for which there is no room ends at once, even when it has ended itself meanwhile', async () => {
  const archive = await archiveOf(3);
  for (const member of [1, 2, 3]) {
    const folder = mkdtempSync(join(tmpdir(), 'pristine-archive-'));
    const giveUp = new AbortController();
    class Full extends SpaceGuard {
      #writes = 0;
      override async take(): Promise<void> {
        if (++this.#writes !== member) return;
        giveUp.abort(new Error('given up'));
        await rest(20);
      }
    }
    const options = { space: new Full(folder), signal: giveUp.signal };
    const end = await unpackArchive(Readable.from([archive]), folder, options).catch((e: unknown) => e);
    rmSync(folder, { recursive: true, force: true });
    expect(end).toBeInstanceOf(Error);
  }
});

async function archiveOf(members: number): Promise<Buffer> {
  const writer = pack();
  for (let at = 0; at < members; at++) writer.entry({ name: `${at}/layer.tar` }, 'x'.repeat(700));
  writer.finalize();
  const written: Buffer[] = [];
  for await (const piece of writer) written.push(piece as Buffer);
  return Buffer.concat(written);
}

/** Unpacks an archive that comes in pieces, and gives up so many turns after the piece at an offset is asked for. */
async function givenUpAt(archive: Buffer, offset: number, late: number): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-archive-'));
  const giveUp = new AbortController();
  const afterTurns = (turns: number) => {
    if (turns === 0) giveUp.abort(new Error('given up'));
    else setImmediate(() => afterTurns(turns - 1));
  };
  async function* pieces() {
    for (let at = 0; at < archive.length; at += 256) {
      if (at === offset) afterTurns(late);
      yield archive.subarray(at, at + 256);
      await new Promise(setImmediate);
    }
  }
  try {
    return await unpackArchive(Readable.from(pieces()), folder, { signal: giveUp.signal }).catch(
      (error: unknown) => error,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
