import { Document, type YAMLMap } from 'yaml';
import { type HardeningPlan, plannedVolumeName } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { rawOf } from './raw.ts';
import { commentLines, securityOptions, tmpfsOptions } from './words.ts';

/**
 * An override for the container's Compose file (`docker compose -f compose.yaml -f hardened.yaml up -d`), valid for
 * docker-compose 1.29 and Compose v2 (the Compose specification).
 */
export function emitCompose(details: ContainerDetails, plan: HardeningPlan): string {
  const raw = rawOf(details);
  const { configuration } = plan;
  const service = raw.Config.Labels?.['com.docker.compose.service'] ?? details.name;
  const volumes = configuration.mounts.filter(({ kind }) => kind === 'volume');
  const key = (path: string) => plannedVolumeName('hardened', path);
  const tmpfs = configuration.mounts.filter(({ kind }) => kind === 'tmpfs');
  const { capabilities, user, groups, pidsLimit, memoryLimit, readOnlyRoot } = configuration;
  const security = securityOptions(raw.HostConfig.SecurityOpt ?? [], plan);
  const document = new Document({
    version: '2.4',
    services: {
      [service]: {
        read_only: readOnlyRoot,
        ...(tmpfs.length === 0
          ? {}
          : { tmpfs: tmpfs.map((mount) => literal(`${mount.path}:${tmpfsOptions(mount)}`)) }),
        ...(volumes.length === 0
          ? {}
          : { volumes: volumes.map(({ path }) => literal(`${key(path)}:${path}`)) }),
        ...(capabilities === null ? {} : { cap_drop: ['ALL'], cap_add: [...capabilities] }),
        ...(security.length === 0 ? {} : { security_opt: security.map(literal) }),
        ...(user === null ? {} : { user }),
        ...(groups.length === 0 ? {} : { group_add: groups.map(String) }),
        ...(pidsLimit === null ? {} : { pids_limit: pidsLimit }),
        ...(memoryLimit === null ? {} : { mem_limit: memoryLimit, memswap_limit: memoryLimit }),
      },
    },
    ...(volumes.length === 0
      ? {}
      : { volumes: Object.fromEntries(volumes.map(({ path }) => [key(path), {}])) }),
  });
  document.commentBefore = commentLines(plan)
    .map((line) => ` ${line}`)
    .join('\n');
  const version = (document.contents as YAMLMap).items[0];
  if (version !== undefined)
    (version.key as { commentBefore?: string }).commentBefore = ' docker-compose 1 wants it';
  return document.toString({ lineWidth: 0 });
}

/** Compose replaces `$NAME` by a variable of its environment. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}
