import { isDeepStrictEqual } from 'node:util';
import { type HardeningPlan, plannedVolumeName } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { defaultsOf, type ImageDefaults, imageOf, type RawContainer, rawOf } from './raw.ts';
import { identityFlags } from './run/identity.ts';
import { limitFlags } from './run/limits.ts';
import { furtherNetworks, networkFlags } from './run/network.ts';
import { placeFlags } from './run/places.ts';
import { privilegeFlags, profileDocument } from './run/privileges.ts';
import { commandLines, type Flag, shellWord } from './shell.ts';
import { volumeLine } from './volume.ts';
import { commentLines } from './words.ts';

/**
 * The whole container with the plan as one `docker run` (docker-run(1)), after comments and lines that make volumes:
 * piped into `sh` it runs, once the one that it replaces is out of the way.
 */
export function emitRun(details: ContainerDetails, plan: HardeningPlan): string {
  const raw = rawOf(details);
  const image = defaultsOf(details);
  const { words, entrypoint } = program(raw, image);
  const volumes = plan.configuration.mounts.filter(({ kind }) => kind === 'volume');
  const command = commandLines('docker run --detach', [
    ['--name', details.name],
    ...identityFlags(details, raw, image),
    ...networkFlags(details, raw, image),
    ...placeFlags(details, raw, plan),
    ...privilegeFlags(raw, image, plan),
    ...limitFlags(raw, plan),
    ...entrypoint,
    [imageOf(details), ...words],
  ]);
  const connects = furtherNetworks(details, raw).map(
    (given) => `docker network connect ${given.map(shellWord).join(' ')}`,
  );
  const notes = [
    ...(raw.Config.Env?.length ? ['It holds the whole environment, with any secrets that are in it.'] : []),
    `First take the old one away: docker rm -f ${comment(details.name)}`,
    `or keep it aside: docker stop ${comment(details.name)} && docker rename ${comment(details.name)} ${comment(`${details.name}-before`)}`,
    ...volumes.map(
      ({ path }) =>
        `What the old one holds in ${comment(path)} does not come along by itself: copy it into the volume ${comment(plannedVolumeName(details.name, path))} (docker cp).`,
    ),
  ];
  return [
    ...[...commentLines(plan), ...notes].map((line) => `# ${line}`),
    ...volumes.map((mount) => volumeLine(details, mount)),
    `${command}${profileDocument(raw)}`,
    ...connects,
    '',
  ].join('\n');
}

/** Names of containers and mountable places hold nothing that ends a line. */
function comment(text: string): string {
  return shellWord(text).replaceAll('\n', ' ');
}

/** What runs, where it is not what the image runs by itself; an entrypoint of several words goes before the arguments. */
function program(
  { Config: config }: RawContainer,
  image: ImageDefaults,
): { words: string[]; entrypoint: Flag[] } {
  const [own, arguments_] = [config.Entrypoint ?? [], config.Cmd ?? []];
  const sameCommand = isDeepStrictEqual(arguments_, image.Cmd ?? []);
  // Another entrypoint takes the image's arguments away; no arguments cannot be asked for beside the image's own.
  if (isDeepStrictEqual(own, image.Entrypoint ?? []) && (sameCommand || arguments_.length > 0))
    return { words: sameCommand ? [] : arguments_, entrypoint: [] };
  const [first = '', ...rest] = own;
  return { words: [...rest, ...arguments_], entrypoint: [['--entrypoint', first]] };
}
