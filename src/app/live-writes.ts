import type { Change, WrittenPath } from '../contract/index.ts';
import { policyFor } from '../drift/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import { assess } from './assess.ts';
import type { Context } from './context.ts';
import { containerSubject } from './drift-subject.ts';
import { readerFor } from './readers.ts';

/** What the live container wrote, but for what the rules find suspicious: an attacker must not widen the plan; so many changes at most. */
export async function liveWritesOf(
  context: Context,
  details: ContainerDetails,
  engine: Engine,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<WrittenPath[]> {
  const policy = policyFor({ version: 1 }, details, details.labels, {});
  const subject = containerSubject(details, readerFor(details, engine), policy);
  const { changes } = await subject.scan(signal);
  const looked = changes.slice(0, most).filter(({ mountpoint }) => mountpoint !== true);
  const { findings } = await assess(subject, looked, context.clock.now());
  const suspicious = new Set(findings.map(({ path }) => path));
  return looked.filter(({ path }) => !suspicious.has(path)).map(writtenPath);
}

const TYPES = { file: 'file', dir: 'directory', symlink: 'symlink', fifo: 'fifo', socket: 'socket' } as const;

function writtenPath({ path, kind, before, after }: Change): WrittenPath {
  const state = after ?? before;
  const type =
    state === null
      ? 'unknown'
      : state.type === 'char' || state.type === 'block'
        ? 'device'
        : TYPES[state.type];
  return {
    path,
    type,
    operations: [kind === 'A' ? 'create' : kind === 'D' ? 'delete' : 'write'],
    phases: ['steady'],
    writers: [],
    bytes: state?.type === 'file' ? state.size : 0,
    inImage: kind !== 'A',
    remains: after !== null,
    executed: false,
    owner: after === null ? null : { uid: after.uid, gid: after.gid, mode: after.mode },
  };
}
