import { type HardeningPlan, plannedVolumeName } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { rawOf } from './raw.ts';
import { shellWord } from './shell.ts';
import { commentLines } from './words.ts';

/** A `docker service update` with the plan; what a service has no option for is said in comments. */
export function emitSwarm(details: ContainerDetails, plan: HardeningPlan): string {
  const { Config: config } = rawOf(details);
  const service = config.Labels?.['com.docker.swarm.service.name'] ?? details.name;
  const { configuration } = plan;
  const { capabilities, user, groups, memoryLimit, pidsLimit, mounts } = configuration;
  const flags = [
    ...(configuration.readOnlyRoot ? [['--read-only']] : []),
    ...mounts.map(({ path, kind, size, mode }) =>
      kind === 'tmpfs'
        ? [
            '--mount-add',
            `type=tmpfs,target=${path},tmpfs-mode=${mode.toString(8)}${size === null ? '' : `,tmpfs-size=${size}`}`,
          ]
        : ['--mount-add', `type=volume,source=${plannedVolumeName(service, path)},target=${path}`],
    ),
    ...(capabilities === null
      ? []
      : [['--cap-drop', 'ALL'], ...capabilities.map((name) => ['--cap-add', name])]),
    ...(user === null ? [] : [['--user', user]]),
    ...groups.map((group) => ['--group-add', String(group)]),
    ...(memoryLimit === null ? [] : [['--limit-memory', String(memoryLimit)]]),
    ...(pidsLimit === null ? [] : [['--limit-pids', String(pidsLimit)]]),
  ];
  const owned = mounts.filter(({ kind, uid, gid }) => kind === 'tmpfs' && (uid !== 0 || gid !== 0));
  const notes = [
    ...(configuration.noNewPrivileges
      ? ['a service has no option for no-new-privileges: set it in daemon.json']
      : []),
    ...owned.map(
      ({ path, uid, gid }) => `a service cannot give the tmpfs at ${path} to ${uid}:${gid}: it is root's`,
    ),
  ];
  const lines = [...commentLines(plan), ...notes.map((note) => `note: ${note}`)].map((line) => `# ${line}`);
  const command = [
    'docker service update',
    ...flags.map((flag) => flag.map(shellWord).join(' ')),
    shellWord(service),
  ];
  return [...lines, command.join(' \\\n  '), ''].join('\n');
}
