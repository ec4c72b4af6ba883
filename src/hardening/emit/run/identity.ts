import { isDeepStrictEqual } from 'node:util';
import type { ContainerDetails } from '../../../engine/index.ts';
import type { ImageDefaults, RawContainer } from '../raw.ts';
import { each, type Flag, shellWord, when } from '../shell.ts';

/** Labels that say what part a container plays for Pristine. */
const OWN_LABELS =
  /^pristine\.(incident|replaces|standby-for|standby-name|dependent-of|was-running|hardening|read-only|copy-of)$/;

/** Who the container is, and how it is kept running; without what the image gives by itself. */
export function identityFlags(
  { id }: ContainerDetails,
  { Config: config, HostConfig: host }: RawContainer,
  image: ImageDefaults,
): Flag[] {
  const joined = host.NetworkMode.startsWith('container:');
  const generated =
    config.Hostname === id.slice(0, 12) || host.NetworkMode === 'host' || host.UTSMode === 'host';
  return [
    ...(joined || generated ? [] : when('--hostname', config.Hostname)),
    ...(joined ? [] : when('--domainname', config.Domainname)),
    ...each('--label', ownLabels(config.Labels, image)),
    ...each('--env', ownVariables(config.Env, image)),
    ...(config.WorkingDir === image.WorkingDir ? [] : when('--workdir', config.WorkingDir)),
    ...(config.Tty ? [['--tty']] : []),
    ...(config.OpenStdin ? [['--interactive']] : []),
    ...(config.StopSignal === image.StopSignal ? [] : when('--stop-signal', config.StopSignal)),
    ...(config.StopTimeout == null ? [] : [['--stop-timeout', String(config.StopTimeout)]]),
    ...(host.AutoRemove ? [['--rm']] : restart(host.RestartPolicy)),
    ...(isDeepStrictEqual(config.Healthcheck, image.Healthcheck) ? [] : health(config.Healthcheck)),
    ...(host.Init ? [['--init']] : []),
    ...(host.LogConfig ? logging(host.LogConfig) : []),
    ...each('--annotation', pairs(host.Annotations)),
  ];
}

export function ownLabels(labels: RawContainer['Config']['Labels'], image: ImageDefaults): string[] {
  return Object.entries(labels ?? {})
    .filter(([label, value]) => !OWN_LABELS.test(label) && image.Labels?.[label] !== value)
    .map(([label, value]) => `${label}=${value}`);
}

export function ownVariables(variables: RawContainer['Config']['Env'], image: ImageDefaults): string[] {
  return (variables ?? []).filter((variable) => !image.Env?.includes(variable));
}

export function pairs(record: Readonly<Record<string, string>> | null | undefined): string[] {
  return Object.entries(record ?? {}).map(([name, value]) => `${name}=${value}`);
}

function restart(policy: RawContainer['HostConfig']['RestartPolicy']): Flag[] {
  if (policy == null || policy.Name === '' || policy.Name === 'no') return [];
  const most = policy.Name === 'on-failure' && policy.MaximumRetryCount ? `:${policy.MaximumRetryCount}` : '';
  return [['--restart', `${policy.Name}${most}`]];
}

/** Times are nanoseconds, as the engine has them. */
export function health(check: RawContainer['Config']['Healthcheck']): Flag[] {
  const [kind, ...words] = check?.Test ?? [];
  if (check == null || kind === undefined) return [];
  if (kind === 'NONE') return [['--no-healthcheck']];
  const span = (flag: string, value: number | null | undefined) => (value ? [[flag, `${value}ns`]] : []);
  return [
    ['--health-cmd', kind === 'CMD' ? words.map(shellWord).join(' ') : words.join(' ')],
    ...span('--health-interval', check.Interval),
    ...span('--health-timeout', check.Timeout),
    ...span('--health-start-period', check.StartPeriod),
    ...span('--health-start-interval', check.StartInterval),
    ...when('--health-retries', check.Retries),
  ];
}

export function logging({
  Type: type,
  Config: options,
}: NonNullable<RawContainer['HostConfig']['LogConfig']>): Flag[] {
  if (type === '' || (type === 'json-file' && Object.keys(options ?? {}).length === 0)) return [];
  return [['--log-driver', type], ...each('--log-opt', pairs(options))];
}
