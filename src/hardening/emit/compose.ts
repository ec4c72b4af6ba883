import {
  type HardeningPlan,
  hardenedSecurityOptions,
  plannedVolumeName,
  tmpfsOptions,
} from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { composeService } from './compose-service.ts';
import { filled, literal } from './compose-words.ts';
import { rawOf } from './raw.ts';
import { volumeLine } from './volume.ts';
import { commentLines, oneLine } from './words.ts';
import { yamlText } from './yaml.ts';

/**
 * An override for the container's Compose file (`docker compose -f compose.yaml -f hardened.yaml up -d`); of a container
 * that Compose did not make, the whole service. Valid for docker-compose 1.27 and Compose v2 (the Compose specification).
 */
export function emitCompose(details: ContainerDetails, plan: HardeningPlan): string {
  const raw = rawOf(details);
  const made = raw.Config.Labels?.['com.docker.compose.service'];
  const whole = made === undefined ? composeService(details, raw, plan) : null;
  const { configuration } = plan;
  const volumes = configuration.mounts.filter(({ kind }) => kind === 'volume');
  const tmpfs = configuration.mounts.filter(({ kind }) => kind === 'tmpfs');
  const { capabilities, user, groups, pidsLimit, memoryLimit, readOnlyRoot } = configuration;
  const security = hardenedSecurityOptions(
    whole === null ? [] : (raw.HostConfig.SecurityOpt ?? []),
    configuration,
  );
  const mounted = [
    ...(whole?.mounts ?? []),
    ...volumes.map(({ path }) => ({ type: 'volume', source: key(path), target: literal(path) })),
  ];
  const places = [
    ...Object.entries(whole === null ? {} : (raw.HostConfig.Tmpfs ?? {})).map(
      ([path, options]) => `${path}:${options}`,
    ),
    ...tmpfs.map((mount) => `${mount.path}:${tmpfsOptions(mount)}`),
  ];
  const supplementary = [...(whole === null ? [] : (raw.HostConfig.GroupAdd ?? [])), ...groups.map(String)];
  const named = Object.fromEntries(
    volumes.map(({ path }) => [key(path), { name: plannedVolumeName(details.name, path) }]),
  );
  const topVolumes = { ...whole?.volumes, ...named };
  const document = {
    services: {
      [made ?? details.name]: {
        ...whole?.service,
        read_only: readOnlyRoot,
        ...filled('tmpfs', places.map(literal)),
        ...filled('volumes', mounted),
        ...(capabilities === null ? {} : { cap_drop: ['ALL'], ...filled('cap_add', [...capabilities]) }),
        ...filled('security_opt', security.map(literal)),
        ...(user === null ? {} : { user }),
        ...filled('group_add', supplementary),
        ...(pidsLimit === null ? {} : { pids_limit: pidsLimit }),
        ...(memoryLimit === null ? {} : { mem_limit: memoryLimit, memswap_limit: memoryLimit }),
      },
    },
    ...(Object.keys(topVolumes).length === 0 ? {} : { volumes: topVolumes }),
    ...(whole === null || Object.keys(whole.networks).length === 0 ? {} : { networks: whole.networks }),
  };
  return yamlText([...commentLines(plan), ...notes(details, plan, made !== undefined)], [document]);
}

function key(path: string): string {
  return plannedVolumeName('hardened', path);
}

/** What a file that is laid over another one cannot take away, and volumes that need an owner. */
function notes(details: ContainerDetails, { configuration }: HardeningPlan, override: boolean): string[] {
  const { capabilities, defaultSeccomp, mounts } = configuration;
  const added = details.security.capAdd.filter((name) => !(capabilities ?? [name]).includes(name));
  const owned = mounts.filter(({ kind, hydrated }) => kind === 'volume' && !hydrated);
  const lines = [
    ...(override && added.length > 0
      ? [`take from cap_add in your own file, lists are joined: ${added.join(', ')}`]
      : []),
    ...(override && defaultSeccomp
      ? ['take seccomp:unconfined from security_opt in your own file: lists are joined']
      : []),
    ...owned
      .map((mount) => volumeLine(details, mount))
      .filter((line) => line.includes(' && '))
      .map((line) => `run this once before, for the owner of a volume: ${line}`),
  ];
  return lines.map((line) => oneLine(`note: ${line}`));
}
