import type { PlannedMount, WrittenPath } from '../../contract/index.ts';
import { isWithin, printable } from '../../kernel/index.ts';
import type { Homes } from './homes.ts';
import type { ImageTree } from './image-tree.ts';
import type { PlanInput } from './input.ts';
import { isCodeName, isShortLived } from './places.ts';
import { filesHidden } from './static-content.ts';

const MOST = 5;

/** What a plan does not do, or does although it is not good; each a sentence. */
export function remarksFor(
  { details, image, observation }: PlanInput,
  { homes, impossible, spared }: Homes,
  mounts: readonly PlannedMount[],
): string[] {
  const written = homes.flatMap(({ writes }) => writes);
  const { contacted } = observation;
  return [
    ...impossible.map(
      ({ path }) => `${printable(path)} was written, and no mount can be there: the write is refused.`,
    ),
    ...ownCode(details.name, written, image),
    ...mounts.filter(({ path }) => path === '/etc').map(wholeOfEtc),
    ...notExecutable(written, mounts),
    ...mounts.flatMap((mount) => hiddenFiles(mount, image)),
    ...spareRemark(spared),
    ...logRemark(mounts),
    contacted.length === 0
      ? 'It reached nothing outside its networks: they could be internal (docker network create --internal).'
      : `It reached ${listed(contacted)}: its networks have to lead there.`,
  ];
}

function listed(texts: readonly string[]): string {
  const more = texts.length > MOST ? ` and ${texts.length - MOST} more` : '';
  return `${texts.slice(0, MOST).map(printable).join(', ')}${more}`;
}

/** Programs, sources and libraries of the image that the container changes itself. */
function ownCode(name: string, written: readonly WrittenPath[], image: ImageTree): string[] {
  const code = written
    .filter(({ path, operations }) => {
      const entry = image.entry(path);
      if (entry?.type !== 'file' || isShortLived(path)) return false;
      if (operations.every((operation) => operation === 'attributes')) return false;
      return (entry.mode & 0o111) !== 0 || isCodeName(path);
    })
    .map(({ path }) => path);
  if (code.length === 0) return [];
  return [
    `${printable(name)} writes to its own code, ${listed(code)}: whoever takes it over may change what it runs. Better change the image.`,
  ];
}

function wholeOfEtc({ reasons }: PlannedMount): string {
  return `The whole of /etc stays writable, as something is written directly in it (${reasons[0] ?? 'nobody saw by whom'}): better have the image hold that.`;
}

function notExecutable(written: readonly WrittenPath[], mounts: readonly PlannedMount[]): string[] {
  const closed = mounts.filter(({ exec }) => !exec);
  const run = written.filter(
    ({ path, executed }) => executed && closed.some((mount) => isWithin(path, mount.path)),
  );
  if (run.length === 0) return [];
  const paths = run.map(({ path }) => path);
  return [`${listed(paths)} was executed, and may not be any more; --allow-exec would let it.`];
}

function hiddenFiles({ path, kind }: PlannedMount, image: ImageTree): string[] {
  const files = kind === 'tmpfs' && /^\/(run|tmp)(\/|$)/.test(path) ? filesHidden(path, image) : [];
  return files.length === 0
    ? []
    : [`The tmpfs at ${printable(path)} hides what the image has there: ${listed(files)}.`];
}

function spareRemark(spared: readonly WrittenPath[]): string[] {
  const [first] = spared;
  if (first === undefined) return [];
  return [
    `Compiled forms beside sources, such as ${printable(first.path)}, are not written any more: they are made anew in memory.`,
  ];
}

function logRemark(mounts: readonly PlannedMount[]): string[] {
  const logs = mounts.filter(({ path, kind }) => kind === 'tmpfs' && isWithin(path, '/var/log'));
  if (logs.length === 0) return [];
  const places = listed(logs.map(({ path }) => path));
  return [
    `Logs in ${places} go with the container: link them to /dev/stdout in the image to keep them with "docker logs".`,
  ];
}
