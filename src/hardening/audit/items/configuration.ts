/** Items that the configuration alone decides. */
import { CHECKS } from '../../checks.ts';
import { type AuditCheck, failed, noted, ok, some } from '../subject.ts';

/** An item of the posture that `pristine ps` grades, as it is. */
function asConfigured(id: string, remedy: string): AuditCheck {
  const check = CHECKS.find((each) => each.id === id);
  if (check === undefined) throw new Error(`no check ${id}`);
  const { cis, title, examine } = check;
  return {
    ...{ id, cis, title, remedy },
    examine: ({ details, mounts }) => {
      const { detail, cost } = examine(details.security, mounts);
      return cost === 0 ? ok(detail) : failed(detail, cost);
    },
  };
}

export const secrets = asConfigured(
  'environment-secrets',
  'Hand secrets over as files (a read-only bind, --secret in Swarm) and take them out of --env.',
);
export const privileged = asConfigured(
  'privileged',
  'Leave out --privileged, and add the one --cap-add or --device that is needed.',
);
export const hostDirectories = asConfigured(
  'host-directories',
  'Mount the one directory that is needed, of the application alone, with :ro where it only reads.',
);
export const memory = asConfigured('memory', 'Set --memory.');
export const pids = asConfigured('pids', 'Set --pids-limit.');
export const noNewPrivileges = asConfigured('no-new-privileges', 'Set --security-opt no-new-privileges.');

export const devices: AuditCheck = {
  id: 'devices',
  cis: '5.18',
  title: 'no device of the host is handed over',
  remedy: 'Leave out --device, or hand over read-only (--device PATH:PATH:r).',
  examine: ({ details: { isolation, security } }) => {
    if (security.privileged) return failed('all devices of the host, as it is privileged', 15);
    const names = isolation.devices.map(({ host }) => host);
    return names.length === 0 ? ok('none') : failed(some(names), 15);
  },
};

export const propagation: AuditCheck = {
  id: 'mount-propagation',
  cis: '5.20',
  title: 'what is mounted in it does not appear on the host',
  remedy: 'Mount with rprivate, which is the default, instead of shared.',
  examine: ({ details: { isolation } }) => {
    const describe = (modes: RegExp) =>
      isolation.propagation
        .filter(({ mode }) => modes.test(mode))
        .map(({ destination, mode }) => `${destination} (${mode})`);
    const shared = describe(/shared$/);
    if (shared.length > 0) return failed(some(shared), 10);
    const slave = describe(/slave$/);
    return slave.length > 0
      ? noted(`what the host mounts appears in it: ${some(slave)}`)
      : ok('every mount is private');
  },
};
