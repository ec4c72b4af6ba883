import { isDeepStrictEqual } from 'node:util';
import { type HardeningPlan, type PlannedMount, plannedVolumeName } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { defaultsOf, imageOf, rawOf } from './raw.ts';
import { commandLines, each, type Flag, listWord, when } from './shell.ts';
import { serviceFlags, serviceNotes } from './swarm-service.ts';
import { volumeLine } from './volume.ts';
import { commentLines, oneLine } from './words.ts';

/**
 * A `docker service update` with the plan, or a `docker service create` for a container of no service
 * (docker-service-update(1)); what a service has no option for is said in comments.
 */
export function emitSwarm(details: ContainerDetails, plan: HardeningPlan): string {
  const raw = rawOf(details);
  const { configuration } = plan;
  const service = raw.Config.Labels?.['com.docker.swarm.service.name'];
  const { capabilities, groups, user, memoryLimit, pidsLimit, mounts } = configuration;
  const option = (name: string) => (service === undefined ? name : `${name}-add`);
  const hardened: Flag[] = [
    ...(configuration.readOnlyRoot ? [['--read-only']] : []),
    ...each(
      option('--mount'),
      mounts.map((mount) => mountWord(mount, service ?? details.name)),
    ),
    ...(capabilities === null ? [] : [['--cap-drop', 'ALL'], ...each('--cap-add', capabilities)]),
    ...when('--user', user),
    ...each(option('--group'), groups.map(String)),
    ...when('--limit-memory', memoryLimit),
    ...when('--limit-pids', pidsLimit),
  ];
  const command =
    service === undefined
      ? commandLines('docker service create', [
          ...serviceFlags(details, raw, plan),
          ...hardened,
          ...program(details),
        ])
      : commandLines('docker service update', [...hardened, [service]]);
  const notes = [
    ...(configuration.noNewPrivileges
      ? ['a service has no option for no-new-privileges: set it for each node, in daemon.json']
      : []),
    ...mounts
      .filter(isShared)
      .map(
        ({ path, uid, gid }) =>
          `a service cannot give the tmpfs at ${path} to ${uid}:${gid}: anyone may write to it`,
      ),
    ...mounts
      .filter(({ kind }) => kind === 'volume')
      .map((mount) => volumeLine({ ...details, name: service ?? details.name }, mount))
      .filter((line) => line.includes(' && '))
      .map((line) => `run this once before on each node, for the owner of a volume: ${line}`),
    ...(service === undefined ? serviceNotes(details, raw) : []),
  ];
  const lines = [...commentLines(plan), ...notes.map((note) => oneLine(`note: ${note}`))];
  return [...lines.map((line) => `# ${line}`), command, ''].join('\n');
}

function mountWord(mount: PlannedMount, service: string): string {
  const { path, kind, size, mode } = mount;
  if (kind === 'volume')
    return listWord(['type=volume', `source=${plannedVolumeName(service, path)}`, `target=${path}`]);
  const bits = isShared(mount) ? 0o1777 : mode;
  return listWord([
    'type=tmpfs',
    `target=${path}`,
    `tmpfs-mode=${bits.toString(8)}`,
    ...(size === null ? [] : [`tmpfs-size=${size}`]),
  ]);
}

/** A tmpfs of a service is root's, so that another owner could not write to it. */
function isShared({ kind, uid, gid, mode }: PlannedMount): boolean {
  return kind === 'tmpfs' && (uid !== 0 || gid !== 0) && (mode & 0o002) === 0;
}

function program(details: ContainerDetails): Flag[] {
  const { Config: config } = rawOf(details);
  const image = defaultsOf(details);
  const [own, words] = [config.Entrypoint ?? [], config.Cmd ?? []];
  const same = isDeepStrictEqual(own, image.Entrypoint ?? []);
  const sameWords = same && isDeepStrictEqual(words, image.Cmd ?? []);
  return [
    ...(same || own.length === 0 ? [] : [['--entrypoint', own.map(quoted).join(' ')]]),
    [imageOf(details), ...(sameWords ? [] : words)],
  ];
}

/** The command line takes this value apart as a shell would. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
