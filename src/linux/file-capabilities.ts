/** Names of the capabilities by number (capabilities(7), linux/capability.h). */
const NAMES = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid'],
  ...['setpcap', 'linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw'],
  ...['ipc_lock', 'ipc_owner', 'sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct'],
  ...['sys_admin', 'sys_boot', 'sys_nice', 'sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease'],
  ...['audit_write', 'audit_control', 'setfcap', 'mac_override', 'mac_admin', 'syslog', 'wake_alarm'],
  ...['block_suspend', 'audit_read', 'perfmon', 'bpf', 'checkpoint_restore'],
];

const VFS_CAP_FLAGS_EFFECTIVE = 0x01;
/** 32-bit words of the permitted and of the inheritable set, by revision (struct vfs_ns_cap_data). */
const WORDS: Record<number, number> = { 1: 1, 2: 2, 3: 2 };

/**
 * The value of `security.capability` as getcap(8) prints it, e.g. `cap_net_raw=ep`; for revision 3 with the
 * user namespace's root, e.g. `cap_net_raw=ep [rootid=100000]`. Null when it is no capability value.
 */
export function decodeFileCapabilities(value: Uint8Array): string | null {
  const bytes = Buffer.from(value);
  if (bytes.length < 4) return null;
  const magic = bytes.readUInt32LE(0);
  const revision = magic >>> 24;
  const words = WORDS[revision];
  if (words === undefined || bytes.length !== 4 + words * 8 + (revision === 3 ? 4 : 0)) return null;
  let permitted = 0n;
  let inheritable = 0n;
  for (let word = 0; word < words; word++) {
    permitted |= BigInt(bytes.readUInt32LE(4 + word * 8)) << BigInt(word * 32);
    inheritable |= BigInt(bytes.readUInt32LE(8 + word * 8)) << BigInt(word * 32);
  }
  const effective = (magic & VFS_CAP_FLAGS_EFFECTIVE) !== 0;
  const text = describe(permitted, inheritable, effective);
  const root = revision === 3 ? bytes.readUInt32LE(4 + words * 8) : 0;
  return root === 0 ? text : `${text} [rootid=${root}]`;
}

/** Clauses as libcap's cap_to_text(3) orders them: inheritable above permitted above effective. */
function describe(permitted: bigint, inheritable: bigint, effective: boolean): string {
  const clauses = [
    { flags: `${effective ? 'e' : ''}ip`, mask: inheritable & permitted },
    { flags: `${effective ? 'e' : ''}i`, mask: inheritable & ~permitted },
    { flags: `${effective ? 'e' : ''}p`, mask: permitted & ~inheritable },
  ].filter(({ mask }) => mask !== 0n);
  if (clauses.length === 0) return '=';
  return clauses
    .map(({ flags, mask }, index) => `${namesOf(mask).join(',')}${index === 0 ? '=' : '+'}${flags}`)
    .join(' ');
}

/** Name of a capability by its number, as engines have it: `NET_RAW`; undefined for one without a name. */
export function capabilityByNumber(number: number): string | undefined {
  return NAMES[number]?.toUpperCase();
}

/** A capability's name as engines have it, without the `CAP_` that some put before it. */
export function capabilityName(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

/** Names of the capabilities in a set as the kernel writes it, e.g. `net_raw`; a number for those without a name. */
export function capabilityNames(mask: bigint): string[] {
  return namesOf(mask).map((name) => name.replace(/^cap_/, ''));
}

function namesOf(mask: bigint): string[] {
  const names: string[] = [];
  for (let number = 0; number < 64; number++) {
    if ((mask & (1n << BigInt(number))) === 0n) continue;
    const name = NAMES[number];
    names.push(name === undefined ? String(number) : `cap_${name}`);
  }
  return names;
}
