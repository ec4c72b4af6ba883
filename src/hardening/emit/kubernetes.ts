import { isDeepStrictEqual } from 'node:util';
import type { HardeningPlan } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { capabilityName } from '../../linux/index.ts';
import { claimsOf, hydration, podVolumes } from './kubernetes-volumes.ts';
import { expandable, objectName, resources, variable } from './kubernetes-words.ts';
import { defaultsOf, type ImageDefaults, imageOf, type RawContainer, rawOf } from './raw.ts';
import { ownVariables } from './run/identity.ts';
import { commentLines, oneLine } from './words.ts';
import { yamlText } from './yaml.ts';

/**
 * A Pod with the plan as its securityContext, a tmpfs as an emptyDir in memory, and a claim for each volume (Kubernetes
 * API v1).
 */
export function emitKubernetes(details: ContainerDetails, plan: HardeningPlan): string {
  const raw = rawOf(details);
  const image = defaultsOf(details);
  const name = objectName(details.name);
  const { Config: config, HostConfig: host } = raw;
  const user = userOf(plan, raw);
  const context = containerContext(raw, plan);
  const { volumes, mounts, claims } = podVolumes(details, plan, name);
  const fill = hydration(imageOf(details), plan);
  const same = isDeepStrictEqual(config.Entrypoint ?? [], image.Entrypoint ?? []);
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: restartPolicy(host.RestartPolicy?.Name ?? ''),
      ...(config.Hostname &&
      config.Hostname !== details.id.slice(0, 12) &&
      /^[a-z0-9-]{1,63}$/.test(config.Hostname)
        ? { hostname: config.Hostname }
        : {}),
      ...(config.StopTimeout == null ? {} : { terminationGracePeriodSeconds: config.StopTimeout }),
      ...(host.NetworkMode === 'host' ? { hostNetwork: true } : {}),
      ...(host.PidMode === 'host' ? { hostPID: true } : {}),
      ...(host.IpcMode === 'host' ? { hostIPC: true } : {}),
      ...hostAliases(host.ExtraHosts ?? []),
      securityContext: podContext(raw, plan, user),
      ...(fill.length === 0 ? {} : { initContainers: fill }),
      containers: [
        {
          name,
          image: imageOf(details),
          imagePullPolicy: 'IfNotPresent',
          ...(same ? {} : { command: (config.Entrypoint ?? []).map(expandable) }),
          ...(same && isDeepStrictEqual(config.Cmd ?? [], image.Cmd ?? [])
            ? {}
            : { args: (config.Cmd ?? []).map(expandable) }),
          ...(config.WorkingDir && config.WorkingDir !== image.WorkingDir
            ? { workingDir: config.WorkingDir }
            : {}),
          ...listed('env', ownVariables(config.Env, image).map(variable)),
          ...listed('ports', ports(raw)),
          ...(config.Tty ? { tty: true } : {}),
          ...(config.OpenStdin ? { stdin: true } : {}),
          securityContext: context,
          ...resources(plan, raw),
          ...probe(raw, image),
          ...listed('volumeMounts', mounts),
        },
      ],
      ...listed('volumes', volumes),
    },
  };
  const notes = [
    ...(claims.length === 0 ? [] : ['set the size and the class of storage of each claim']),
    ...(fill.length === 0
      ? []
      : ['Kubernetes fills no volume from an image: the init containers do, with its cp']),
    'an emptyDir is not noexec, has no limit of files, and whoever is in the Pod may write to it',
    'limits of processes are set for a node (podPidsLimit of the kubelet)',
    ...(config.User && user === null ? [`runAsUser wants a number for ${config.User}`] : []),
  ];
  const comments = [...commentLines(plan), ...notes.map((note) => oneLine(`note: ${note}`))];
  return yamlText(comments, [...claimsOf(claims), pod]);
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** By number: as planned, as configured, or as its first process was seen to run. */
function userOf(
  { configuration, observation }: HardeningPlan,
  { Config: config }: RawContainer,
): User | null {
  const match = /^(\d+)(?::(\d+))?$/.exec(configuration.user ?? config.User ?? '');
  const first = observation.processes.find((process) => process.first) ?? null;
  if (match === null) return config.User && first !== null ? { uid: first.uid, gid: first.gid } : null;
  const uid = Number(match[1]);
  return { uid, gid: Number(match[2] ?? (first?.uid === uid ? first.gid : 0)) };
}

function podContext(
  { HostConfig: host }: RawContainer,
  { configuration }: HardeningPlan,
  user: User | null,
): object {
  const groups = [...(host.GroupAdd ?? []).map(Number).filter(Number.isInteger), ...configuration.groups];
  const sysctls = Object.entries(host.Sysctls ?? {}).map(([name, value]) => ({ name, value }));
  return {
    ...(user === null ? {} : { runAsUser: user.uid, runAsGroup: user.gid, runAsNonRoot: user.uid !== 0 }),
    ...(user === null || user.uid === 0 ? {} : { fsGroup: user.gid }),
    ...listed('supplementalGroups', groups),
    ...(host.Privileged ? {} : { seccompProfile: { type: 'RuntimeDefault' } }),
    ...listed('sysctls', sysctls),
  };
}

function containerContext({ HostConfig: host }: RawContainer, { configuration }: HardeningPlan): object {
  const { capabilities, readOnlyRoot, noNewPrivileges } = configuration;
  const [drop, add] =
    capabilities === null ? [host.CapDrop ?? [], host.CapAdd ?? []] : [['ALL'], capabilities];
  const listedCapabilities = {
    ...listed('drop', drop.map(capabilityName)),
    ...listed('add', add.map(capabilityName)),
  };
  return {
    readOnlyRootFilesystem: readOnlyRoot,
    // A privileged container, or one that may CAP_SYS_ADMIN, cannot be without it (API validation).
    ...(host.Privileged ? { privileged: true } : { allowPrivilegeEscalation: !noNewPrivileges }),
    ...(Object.keys(listedCapabilities).length === 0 ? {} : { capabilities: listedCapabilities }),
  };
}

function listed<T>(name: string, list: readonly T[]): Record<string, readonly T[]> {
  return list.length === 0 ? {} : { [name]: list };
}

function restartPolicy(name: string): string {
  if (name === 'on-failure') return 'OnFailure';
  return name === '' || name === 'no' ? 'Never' : 'Always';
}

function hostAliases(lines: readonly string[]): object {
  const aliases = lines.flatMap((line) => {
    const at = line.indexOf(':');
    return at < 0 ? [] : [{ ip: line.slice(at + 1), hostnames: [line.slice(0, at)] }];
  });
  return listed('hostAliases', aliases);
}

function ports({
  Config: { ExposedPorts: exposed },
  HostConfig: { PortBindings: published },
}: RawContainer): object[] {
  const names = new Set([...Object.keys(exposed ?? {}), ...Object.keys(published ?? {})]);
  return [...names].flatMap((port) => {
    const match = /^(\d+)\/(tcp|udp|sctp)$/.exec(port);
    return match === null
      ? []
      : [{ containerPort: Number(match[1]), protocol: (match[2] ?? '').toUpperCase() }];
  });
}

/** Kubernetes does not look at an image's own health check. */
function probe({ Config: { Healthcheck: check } }: RawContainer, image: ImageDefaults): object {
  const test = check?.Test?.length
    ? check.Test
    : ((image.Healthcheck as { Test?: string[] } | null)?.Test ?? []);
  const [kind, ...words] = test;
  if (kind !== 'CMD' && kind !== 'CMD-SHELL') return {};
  const seconds = (nanoseconds: number | null | undefined, otherwise: number) =>
    nanoseconds ? Math.max(1, Math.round(nanoseconds / 1e9)) : otherwise;
  return {
    readinessProbe: {
      exec: { command: kind === 'CMD' ? words : ['/bin/sh', '-c', ...words] },
      periodSeconds: seconds(check?.Interval, 30),
      timeoutSeconds: seconds(check?.Timeout, 30),
      failureThreshold: check?.Retries || 3,
    },
  };
}
