import type { ContainerDetails } from '../engine/index.ts';
import { capabilityName } from '../linux/index.ts';

/** What the engine gives a container by itself (moby, oci/caps/defaults.go). */
const DEFAULT = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID'],
  ...['SETUID', 'SETFCAP', 'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
];

/** Capabilities that a container's root has, without `CAP_`; null: all, so that there is no list to reduce. */
export function capabilitiesOf({ security }: Pick<ContainerDetails, 'security'>): string[] | null {
  const { privileged, capAdd, capDrop } = security;
  const [added, dropped] = [capAdd.map(capabilityName), capDrop.map(capabilityName)];
  if (privileged || added.includes('ALL')) return null;
  const kept = dropped.includes('ALL') ? [] : DEFAULT.filter((name) => !dropped.includes(name));
  return [...new Set([...kept, ...added])];
}
