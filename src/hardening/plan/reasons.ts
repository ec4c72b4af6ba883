import type { HardenedConfiguration, Observation, WrittenPath } from '../../contract/index.ts';
import { printable } from '../../kernel/index.ts';
import { type Home, isVolume } from './homes.ts';

const MOST = 5;

/** Why a place stays writable, a sentence a write, and why it is of its kind. */
export function reasonsFor(home: Home): string[] {
  const { writes, mixed, lasting } = home;
  // A folder that was made for what is in it says less than that.
  const telling = writes.filter(({ type }) => type !== 'directory');
  const lines = [...new Set((telling.length > 0 ? telling : writes).map(sentence))];
  if (lines.length === 0) lines.push('the image has this folder, which the place above it hides');
  const more = lines.length - MOST;
  const why = !isVolume(home)
    ? []
    : [
        ...(lasting ? ['what is written there has to outlast the container'] : []),
        ...(mixed ? ['the image has files there that are needed beside what is written'] : []),
      ];
  return [...lines.slice(0, MOST), ...(more > 0 ? [`and ${more} more`] : []), ...why];
}

function sentence({ path, writers, phases, operations }: WrittenPath): string {
  const [writer] = writers;
  const pid = writer?.pid == null ? '' : ` (pid ${writer.pid})`;
  const who = writer === undefined ? 'something' : `${printable(writer.command)}${pid}`;
  const did = operations.includes('create') || operations.includes('write') ? 'wrote' : 'changed';
  const when = phases.map((phase) => WHEN[phase]).join(' and ');
  return `${who} ${did} ${printable(path)}${when === '' ? '' : ` ${when}`}`;
}

const WHEN = {
  boot: 'at boot',
  steady: 'while it served',
  reload: 'upon reload',
  shutdown: 'as it stopped',
} as const;

/** A sentence for each member of a configuration but the mounts. */
export function reasonsForPrivileges(
  { capabilities, user, pidsLimit, memoryLimit }: HardenedConfiguration,
  { mostProcesses, mostMemory, capabilitiesUsed }: Observation,
): Record<string, string[]> {
  const used =
    capabilitiesUsed === null
      ? 'the kernel does not tell which it used'
      : `it used ${list(capabilitiesUsed)}`;
  return {
    ...(capabilities === null
      ? {}
      : { capabilities: [`${used}; each that is kept was tried to be without`] }),
    ...(user === null ? {} : { user: ['its workers run as this user, and it starts as this user too'] }),
    ...(pidsLimit === null
      ? {}
      : { pidsLimit: [`${mostProcesses} processes and threads were seen at most`] }),
    ...(memoryLimit === null ? {} : { memoryLimit: [`${mostMemory} bytes were seen at most`] }),
  };
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
