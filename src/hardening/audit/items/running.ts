/** Items about what a container's processes may really do; by the configuration where it does not run. */
import type { AuditedProcess } from '../../../contract/index.ts';
import { DANGEROUS_CAPABILITIES } from '../../checks.ts';
import { type AuditCheck, failed, notApplicable, noted, ok, some, unknown } from '../subject.ts';
import { isRoot } from './user.ts';

const SSH_SERVERS = new Set(['sshd', 'sshd-session', 'dropbear']);

export const user: AuditCheck = {
  id: 'user',
  cis: '4.1',
  title: 'processes do not run as root',
  remedy: 'Set --user (or USER in the image) to an account without rights.',
  examine: ({ details: { security }, facts }) => {
    const root = (facts.processes ?? []).filter(({ uid }) => uid === 0);
    if (root.length > 0) {
      const names = root.map(({ command, pid }) => `${command} (pid ${pid})`);
      return failed(`as root: ${some(names, 4)}`, 15);
    }
    if (isRoot(security.user)) {
      const what = security.user === '' ? 'no user is set, which means root' : `user ${security.user}`;
      return failed(
        facts.processes === null ? what : `${what}, though none of its processes is just now`,
        15,
      );
    }
    const uids = [...new Set((facts.processes ?? []).map(({ uid }) => uid))];
    return ok(facts.processes === null ? `user ${security.user}` : `uid ${uids.join(', ')}`);
  },
};

export const capabilities: AuditCheck = {
  id: 'capabilities',
  cis: '5.4',
  title: 'capabilities are dropped but for those needed',
  remedy: 'Set --cap-drop ALL, and --cap-add what turns out to be needed ("pristine harden" finds it).',
  examine: ({ details: { security }, facts }) => {
    const { processes } = facts;
    const dropped = security.capDrop.includes('ALL') && !security.privileged;
    if (processes === null) {
      if (security.privileged) return failed('all, as it is privileged', 30);
      const dangerous = security.capAdd.filter((name) => DANGEROUS_CAPABILITIES.has(name));
      if (dangerous.length > 0) return failed(`adds ${dangerous.join(', ')}`, 30);
      if (!dropped) return failed("the engine's default set is kept (no --cap-drop ALL)", 10);
      return ok(
        security.capAdd.length === 0 ? 'all dropped' : `all dropped but ${security.capAdd.join(', ')}`,
      );
    }
    const [effective, bounding] = [union(processes, 'capabilities'), union(processes, 'bounding')];
    const dangerous = [...new Set([...effective, ...bounding])].filter((name) =>
      DANGEROUS_CAPABILITIES.has(name),
    );
    if (dangerous.length > 0) return failed(`${some(dangerous, 8)} in force or within reach`, 30);
    const inForce = effective.length === 0 ? 'none in force' : `in force: ${effective.join(', ')}`;
    if (dropped || bounding.length === 0) return ok(inForce);
    if (effective.length > 0) return failed(`${inForce} (no --cap-drop ALL)`, 10);
    if (processes.every((process) => process.noNewPrivileges)) return ok(`${inForce}, and none can be had`);
    return failed(`none in force, but a setuid program could get ${some(bounding, 14)}`, 5);
  },
};

function union(processes: readonly AuditedProcess[], member: 'capabilities' | 'bounding'): string[] {
  return [...new Set(processes.flatMap((process) => process[member]))];
}

export const appArmor: AuditCheck = {
  id: 'apparmor',
  cis: '5.2',
  title: 'AppArmor confines it',
  remedy: 'Leave out --security-opt apparmor=unconfined; the engine then sets its own profile.',
  examine: ({ details: { isolation, security }, engineOptions, appArmor: real }) => {
    if (!engineOptions.includes('apparmor')) return notApplicable('the engine’s host has no AppArmor');
    const profile = real ?? isolation.appArmor;
    if (profile !== '' && profile !== 'unconfined') return ok(`profile ${profile}`);
    return failed(security.privileged ? 'unconfined, as it is privileged' : 'unconfined', 5);
  },
};

export const selinux: AuditCheck = {
  id: 'selinux',
  cis: '5.3',
  title: 'SELinux confines it',
  remedy: 'Leave out --security-opt label=disable.',
  examine: ({ details: { isolation }, engineOptions }) => {
    if (!engineOptions.includes('selinux')) return notApplicable('the engine runs without SELinux');
    return isolation.selinux === '' ? failed('no label is set', 5) : ok(isolation.selinux);
  },
};

export const sshd: AuditCheck = {
  id: 'sshd',
  cis: '5.7',
  title: 'no SSH server runs in it',
  remedy: 'Take the SSH server out of the image, and use "docker exec".',
  examine: ({ details: { entrypoint }, facts }) => {
    const running = (facts.processes ?? []).filter(({ command }) => SSH_SERVERS.has(command));
    if (running.length > 0)
      return failed(some(running.map(({ command, pid }) => `${command} (pid ${pid})`)), 10);
    const started = entrypoint.find((word) => SSH_SERVERS.has(word.split('/').at(-1) ?? ''));
    if (started !== undefined) return failed(`it starts ${started}`, 10);
    const installed = facts.image?.sshServers ?? [];
    if (installed.length > 0) return noted(`it is installed, and does not run: ${some(installed)}`);
    return facts.processes === null ? unknown('its processes cannot be seen') : ok('none');
  },
};

export const seccomp: AuditCheck = {
  id: 'seccomp',
  cis: '5.22',
  title: 'system calls are filtered',
  remedy: 'Leave out --security-opt seccomp=unconfined; the engine then sets its own profile.',
  examine: ({ details: { security }, facts, engineOptions }) => {
    if (facts.processes !== null) {
      const free = facts.processes.filter((process) => !process.seccomp);
      const names = free.map(({ command, pid }) => `${command} (pid ${pid})`);
      return free.length === 0
        ? ok('every process is under a filter')
        : failed(`no filter: ${some(names, 4)}`, 15);
    }
    if (security.seccompUnconfined) return failed('seccomp is unconfined', 15);
    return engineOptions.includes('seccomp')
      ? ok('a seccomp profile is configured')
      : failed('the engine has no seccomp', 15);
  },
};
