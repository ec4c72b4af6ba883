import * as configuration from './items/configuration.ts';
import * as image from './items/image.ts';
import * as namespaces from './items/namespaces.ts';
import * as places from './items/places.ts';
import * as running from './items/running.ts';
import type { AuditCheck } from './subject.ts';

/** Every item of an audit, in the order of the CIS Docker Benchmark 1.6.0, then those that it does not have. */
export const AUDIT_CHECKS: readonly AuditCheck[] = [
  ...[running.user, image.packages, image.setuid],
  ...[running.appArmor, running.selinux, running.capabilities],
  ...[configuration.privileged, configuration.hostDirectories, running.sshd],
  ...[namespaces.hostNetwork, configuration.memory],
  ...[places.readOnlyRoot, places.writableExecutable],
  ...[namespaces.hostPid, namespaces.hostIpc, configuration.devices, configuration.propagation],
  ...[namespaces.hostUts, running.seccomp, configuration.noNewPrivileges, configuration.pids],
  ...[namespaces.hostUsers, places.engineSocket],
  ...[configuration.secrets, image.shells, places.hostServices, image.unused],
];
