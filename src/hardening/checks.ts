/** The items of a posture, in the order of the CIS Docker Benchmark 1.6.0, with their costs. */

import { type ContainerMount, isEngineSocket } from '../contract/index.ts';
import type { ContainerSecurity } from '../engine/index.ts';
import { isSecretName, isWithin, redactUrl } from '../kernel/index.ts';
import { capabilityName } from '../linux/index.ts';

interface Result {
  /** What was found. */
  readonly detail: string;
  /** Points lost; 0 when all is well. */
  readonly cost: number;
}

interface Check {
  readonly id: string;
  readonly cis: string | null;
  readonly title: string;
  examine(security: ContainerSecurity, mounts: readonly ContainerMount[]): Result;
}

/** Costs everything: whoever is in the container has the host. */
export const HOST_IS_LOST = 100;

const fine = (detail: string): Result => ({ detail, cost: 0 });

export const CHECKS: readonly Check[] = [
  {
    id: 'user',
    cis: '4.1',
    title: 'processes do not run as root',
    examine: ({ user }) => {
      const name = user.split(':')[0] ?? '';
      if (name !== '' && name !== 'root' && !/^0+$/.test(name)) return fine(`user ${user}`);
      return { detail: name === '' ? 'no user is set, which means root' : `user ${user}`, cost: 15 };
    },
  },
  {
    id: 'environment-secrets',
    cis: null,
    title: 'no secret is in the environment',
    examine: ({ environment }) => {
      const names = secretNames(environment);
      return names.length === 0 ? fine('none found by name') : { detail: names.join(', '), cost: 5 };
    },
  },
  {
    id: 'capabilities',
    cis: '5.4',
    title: 'capabilities are dropped but for those needed',
    examine: ({ capAdd, capDrop, privileged }) => {
      if (privileged) return { detail: 'all, as it is privileged', cost: 30 };
      const added = capAdd.map(capabilityName);
      const dangerous = added.filter((name) => DANGEROUS_CAPABILITIES.has(name));
      if (dangerous.length > 0) return { detail: `adds ${dangerous.join(', ')}`, cost: 30 };
      if (!capDrop.map(capabilityName).includes('ALL')) {
        return { detail: "the engine's default set is kept (no --cap-drop ALL)", cost: 10 };
      }
      return fine(added.length === 0 ? 'all dropped' : `all dropped but ${added.join(', ')}`);
    },
  },
  {
    id: 'privileged',
    cis: '5.5',
    title: 'it is not privileged',
    examine: ({ privileged }) =>
      privileged
        ? { detail: 'privileged: root in it is root on the host', cost: HOST_IS_LOST }
        : fine('it is not'),
  },
  {
    id: 'host-directories',
    cis: '5.6',
    title: 'no sensitive directory of the host is mounted',
    examine: (_security, mounts) => {
      const sensitive = mounts.filter(isSensitive);
      if (sensitive.length === 0) return fine('none');
      const detail = sensitive.map(
        ({ source, writable }) => `${source} (${writable ? 'writable' : 'read-only'})`,
      );
      return { detail: detail.join(', '), cost: 30 };
    },
  },
  {
    id: 'host-network',
    cis: '5.10',
    title: "it has a network of its own, not the host's",
    examine: ({ hostNetwork }) => shared(hostNetwork, 'network', 15),
  },
  {
    id: 'memory',
    cis: '5.11',
    title: 'memory is limited',
    examine: ({ memoryLimit }) => limited(memoryLimit, 'bytes'),
  },
  {
    id: 'read-only-root',
    cis: '5.13',
    title: 'the root filesystem is read-only',
    examine: ({ readOnlyRoot }) =>
      readOnlyRoot ? fine('read-only') : { detail: 'writable: an attacker can stay in it', cost: 20 },
  },
  {
    id: 'host-pid',
    cis: '5.16',
    title: "it does not see the host's processes",
    examine: ({ hostPid }) => shared(hostPid, 'process namespace', 15),
  },
  {
    id: 'host-ipc',
    cis: '5.17',
    title: "it does not share the host's memory segments",
    examine: ({ hostIpc }) => shared(hostIpc, 'IPC namespace', 10),
  },
  {
    id: 'seccomp',
    cis: '5.22',
    title: 'system calls are filtered',
    examine: ({ seccompUnconfined, privileged }) => {
      if (privileged) return { detail: 'no seccomp profile, as it is privileged', cost: 15 };
      return seccompUnconfined
        ? { detail: 'seccomp is unconfined', cost: 15 }
        : fine('a seccomp profile is in force');
    },
  },
  {
    id: 'no-new-privileges',
    cis: '5.26',
    title: 'setuid programs give no privileges',
    examine: ({ noNewPrivileges }) =>
      noNewPrivileges ? fine('no-new-privileges') : { detail: 'no-new-privileges is not set', cost: 10 },
  },
  {
    id: 'pids',
    cis: '5.29',
    title: 'the number of processes is limited',
    examine: ({ pidsLimit }) => limited(pidsLimit, 'processes'),
  },
  {
    id: 'engine-socket',
    cis: '5.32',
    title: "the engine's socket is not mounted",
    examine: (_security, mounts) => {
      const found = mounts.find(({ source }) => source !== null && isEngineSocket(source));
      return found === undefined
        ? fine('it is not')
        : { detail: `${found.source} is mounted`, cost: HOST_IS_LOST };
    },
  },
];

function shared(isShared: boolean, what: string, cost: number): Result {
  return isShared ? { detail: `shares the host's ${what}`, cost } : fine(`its own ${what}`);
}

function limited(limit: number | null, unit: string): Result {
  // Engines write "no limit" as null, 0 or -1.
  return limit === null || limit <= 0 ? { detail: 'no limit', cost: 5 } : fine(`${limit} ${unit}`);
}

/** Names of the variables that hold a secret, by their names or as a password in a URL. */
export function secretNames(environment: readonly string[]): string[] {
  return environment.filter(holdsSecret).map((assignment) => assignment.split('=')[0] ?? '');
}

function holdsSecret(assignment: string): boolean {
  const at = assignment.indexOf('=');
  if (at === -1 || at === assignment.length - 1) return false;
  return isSecretName(assignment.slice(0, at)) || redactUrl(assignment) !== assignment;
}

/** Capabilities that capabilities(7) shows to be a way to root on the host, or to other containers. */
export const DANGEROUS_CAPABILITIES = new Set([
  ...['ALL', 'BPF', 'DAC_READ_SEARCH', 'MAC_ADMIN', 'MAC_OVERRIDE', 'NET_ADMIN', 'PERFMON'],
  ...['SYS_ADMIN', 'SYS_BOOT', 'SYS_MODULE', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_TIME', 'SYSLOG'],
]);

/** The list of CIS 5.6, and where accounts and engines keep theirs. */
const SENSITIVE = [
  ...['/boot', '/dev', '/etc', '/lib', '/lib64', '/proc', '/sys', '/usr', '/root'],
  ...['/var/lib/docker', '/var/lib/containers', '/var/lib/containerd', '/var/lib/kubelet'],
];

/** Mounted read-only by many for good reasons, and public anyway. */
const HARMLESS_READ_ONLY = [
  ...['/etc/localtime', '/etc/timezone', '/etc/ssl/certs', '/etc/pki/tls/certs'],
  ...['/usr/share/zoneinfo', '/usr/share/ca-certificates', '/lib/modules'],
];

function isSensitive({ kind, source, writable }: ContainerMount): boolean {
  if (kind !== 'bind' || source === null || isEngineSocket(source)) return false;
  if (!writable && HARMLESS_READ_ONLY.some((path) => isWithin(source, path))) return false;
  // Either a sensitive directory, something in it, or a directory that holds one.
  return SENSITIVE.some((path) => isWithin(source, path) || isWithin(path, source));
}
