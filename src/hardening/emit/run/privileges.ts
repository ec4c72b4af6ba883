import { type HardeningPlan, hardenedSecurityOptions } from '../../../contract/index.ts';
import type { ImageDefaults, RawContainer } from '../raw.ts';
import { each, type Flag, when } from '../shell.ts';

/** A seccomp profile goes to the command as a file: a here document under this descriptor. */
const PROFILE_DESCRIPTOR = 3;
const INLINE_PROFILE = /^seccomp[=:](?=\{)/;

/** What the container may, and which namespaces it shares. */
export function privilegeFlags(raw: RawContainer, image: ImageDefaults, plan: HardeningPlan): Flag[] {
  const { Config: config, HostConfig: host } = raw;
  const { capabilities, user, groups } = plan.configuration;
  const [drop, add] =
    capabilities === null ? [host.CapDrop ?? [], host.CapAdd ?? []] : [['ALL'], capabilities];
  const options = hardenedSecurityOptions(host.SecurityOpt ?? [], plan.configuration).map((option) =>
    INLINE_PROFILE.test(option) ? `seccomp=/dev/fd/${PROFILE_DESCRIPTOR}` : option,
  );
  // So the command line says that nothing of /proc is hidden.
  const bare = !host.Privileged && host.MaskedPaths?.length === 0;
  return [
    ...(host.Privileged ? [['--privileged']] : []),
    ...each('--cap-drop', drop),
    ...each('--cap-add', add),
    ...each('--security-opt', [...options, ...(bare ? ['systempaths=unconfined'] : [])]),
    ...(user === null && config.User === image.User ? [] : when('--user', user ?? config.User)),
    ...each('--group-add', [...(host.GroupAdd ?? []), ...groups.map(String)]),
    ...when('--pid', host.PidMode),
    ...(host.IpcMode === 'private' ? [] : when('--ipc', host.IpcMode)),
    ...when('--uts', host.UTSMode),
    ...when('--userns', host.UsernsMode),
    ...(host.CgroupnsMode === 'host' ? [['--cgroupns', 'host']] : []),
    ...(host.Runtime === 'runc' ? [] : when('--runtime', host.Runtime)),
    ...when('--cgroup-parent', host.CgroupParent),
  ];
}

/** What goes behind the command for a seccomp profile of the container's own; empty when it has none. */
export function profileDocument({ HostConfig: host }: RawContainer): string {
  const profile = host.SecurityOpt?.find((option) => INLINE_PROFILE.test(option));
  if (profile === undefined) return '';
  const json = JSON.stringify(JSON.parse(profile.replace(INLINE_PROFILE, '')));
  return ` ${PROFILE_DESCRIPTOR}<<'PROFILE'\n${json}\nPROFILE`;
}
