/** Items about what a container has in common with the host; by the kernel's word where it runs. */
import { type AuditCheck, type AuditSubject, failed, noted, ok } from '../subject.ts';

interface Namespace {
  readonly id: string;
  readonly cis: string;
  readonly title: string;
  readonly remedy: string;
  /** As /proc/PID/ns names it. */
  readonly name: string;
  readonly what: string;
  readonly cost: number;
  configured(subject: AuditSubject): boolean;
}

function shared({ name, what, cost, configured, ...check }: Namespace): AuditCheck {
  return {
    ...check,
    examine: (subject) => {
      const really = subject.facts.sharedNamespaces?.includes(name) ?? false;
      return configured(subject) || really
        ? failed(`shares the host's ${what}`, cost)
        : ok(`its own ${what}`);
    },
  };
}

export const hostNetwork = shared({
  ...{ id: 'host-network', cis: '5.10', title: "it has a network of its own, not the host's", cost: 15 },
  ...{
    name: 'net',
    what: 'network',
    remedy: 'Leave out --network host, and publish the ports that are needed.',
  },
  configured: ({ details }) => details.security.hostNetwork,
});

export const hostPid = shared({
  ...{ id: 'host-pid', cis: '5.16', title: "it does not see the host's processes", cost: 15 },
  ...{ name: 'pid', what: 'process namespace', remedy: 'Leave out --pid host.' },
  configured: ({ details }) => details.security.hostPid,
});

export const hostIpc = shared({
  ...{ id: 'host-ipc', cis: '5.17', title: "it does not share the host's memory segments", cost: 10 },
  ...{ name: 'ipc', what: 'IPC namespace', remedy: 'Leave out --ipc host.' },
  configured: ({ details }) => details.security.hostIpc,
});

export const hostUts = shared({
  ...{ id: 'host-uts', cis: '5.21', title: "it has a host name of its own, not the host's", cost: 5 },
  ...{ name: 'uts', what: 'UTS namespace', remedy: 'Leave out --uts host.' },
  configured: ({ details }) => details.isolation.hostUts,
});

export const hostUsers: AuditCheck = {
  id: 'host-users',
  cis: '5.31',
  title: "its users are not the host's",
  remedy: 'Leave out --userns host; without remapping, let the engine remap users ("userns-remap").',
  examine: ({ details, facts, engineOptions }) => {
    const remaps = engineOptions.includes('userns') || engineOptions.includes('rootless');
    if (remaps && details.isolation.hostUsers) return failed('left out of the remapping of users', 10);
    const really = facts.sharedNamespaces?.includes('user');
    if (really === false || (really === undefined && remaps)) return ok('users are remapped');
    return noted('the engine does not remap users: root in it is root on the host, as far as it gets out');
  },
};
