/** Writes that were refused to hardened containers, remembered in the state directory until a plan has room for them. */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type RefusedWrite, refusedWriteSchema } from '../contract/index.ts';
import type { Engine } from '../engine/index.ts';
import { findRefusals, lastOutput } from '../hardening/index.ts';
import { systemErrorCode } from '../kernel/index.ts';
import { privateFolder, replaceFile } from '../linux/index.ts';
import type { Context } from './context.ts';
import { ensureStateDirectory } from './state-directory.ts';

const FOLDER = 'refused-writes';
/** So many are remembered of one container: its output is its own. */
const MOST = 500;
const MOST_OUTPUT = 4 * 1024 ** 2;

const fileSchema = z.object({ container: z.string(), writes: z.array(refusedWriteSchema) });

/** Names outlive containers, and a hardened container has its original's. */
interface Named {
  readonly name: string;
}

/** @returns those of which nothing was known yet */
export async function rememberRefusals(
  context: Pick<Context, 'stateDirectory'>,
  container: Named,
  writes: readonly RefusedWrite[],
): Promise<RefusedWrite[]> {
  const known = await rememberedRefusals(context, container);
  const keys = new Set(known.map(keyOf));
  const fresh: RefusedWrite[] = [];
  for (const write of writes) {
    if (known.length + fresh.length >= MOST || keys.has(keyOf(write))) continue;
    keys.add(keyOf(write));
    fresh.push(write);
  }
  if (fresh.length === 0) return [];
  await ensureStateDirectory(context.stateDirectory);
  await privateFolder(join(context.stateDirectory, FOLDER));
  const content = { container: container.name, writes: [...known, ...fresh] };
  await replaceFile(fileOf(context, container), `${JSON.stringify(content)}\n`);
  return fresh;
}

/** What was refused to containers of a name since the last plan that knows of it, each path once, oldest first. */
export async function rememberedRefusals(
  context: Pick<Context, 'stateDirectory'>,
  container: Named,
): Promise<RefusedWrite[]> {
  try {
    const content = fileSchema.parse(JSON.parse(await readFile(fileOf(context, container), 'utf8')));
    return content.writes;
  } catch (error) {
    // It only tells what can be seen again: a damaged one is begun anew.
    if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== undefined) throw error;
    return [];
  }
}

/** To be called when a plan was made that knows them. */
export async function forgetRefusals(
  context: Pick<Context, 'stateDirectory'>,
  container: Named,
): Promise<void> {
  await rm(fileOf(context, container), { force: true });
}

/** What a container has said so far about writes that failed. */
export async function refusalsInOutput(
  engine: Pick<Engine, 'logs'>,
  id: string,
  since = '',
): Promise<RefusedWrite[]> {
  const output = await lastOutput(engine, id, MOST_OUTPUT);
  const at = new Date().toISOString();
  return findRefusals(output, at).filter((write) => write.at >= since);
}

function keyOf({ path, call, command }: RefusedWrite): string {
  return path ?? `${call} ${command}`;
}

function fileOf({ stateDirectory }: Pick<Context, 'stateDirectory'>, { name }: Named): string {
  const key = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return join(stateDirectory, FOLDER, `${key}.json`);
}
