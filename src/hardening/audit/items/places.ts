/** Items about where a container can write, and what it reaches on the host. */
import { HOST_IS_LOST } from '../../checks.ts';
import { type AuditCheck, type AuditSubject, failed, noted, ok, some, unknown } from '../subject.ts';

export const readOnlyRoot: AuditCheck = {
  id: 'read-only-root',
  cis: '5.13',
  title: 'the root filesystem is read-only',
  remedy: 'Set --read-only, and a --tmpfs where it must write ("pristine harden" finds out where).',
  examine: ({ details: { security }, facts }) => {
    if (facts.writable.some(({ kind }) => kind === 'root'))
      return failed('writable: an attacker can stay in it', 20);
    return ok(security.readOnlyRoot ? 'read-only' : 'read-only for now, though not configured so');
  },
};

export const writableExecutable: AuditCheck = {
  id: 'writable-executable',
  cis: '5.13',
  title: 'no place beside the root is both writable and executable',
  remedy:
    'Use --tmpfs, which is noexec by default, or a volume that is mounted noexec (--opt o=bind,noexec).',
  examine: ({ facts }) => {
    const places = facts.writable.filter(({ kind, rootOnly }) => kind !== 'root' && !rootOnly);
    const executable = places.filter((place) => place.executable === true).map(describe);
    if (executable.length > 0) return failed(some(executable, 10), 10);
    const open = places.filter((place) => place.executable === null).map(describe);
    if (open.length > 0) return unknown(`how it is mounted shows when it runs: ${some(open, 10)}`);
    const left = rootOnlyPlaces(facts);
    return left.length === 0 ? ok('none') : noted(`only root can write there: ${some(left)}`);
  },
};

function describe({ path, kind }: { readonly path: string; readonly kind: string }): string {
  return `${path} (${kind})`;
}

/** Places of the engine's that root could use, where something runs as root. */
function rootOnlyPlaces({ writable, processes }: AuditSubject['facts']): string[] {
  if (writable.some(({ kind }) => kind === 'root')) return [];
  if (!(processes ?? []).some(({ uid }) => uid === 0)) return [];
  return writable
    .filter(({ rootOnly, executable }) => rootOnly && executable === true)
    .map(({ path }) => path);
}

export const engineSocket: AuditCheck = {
  id: 'engine-socket',
  cis: '5.32',
  title: "the engine's socket cannot be reached through a mount",
  remedy: 'Leave the socket out, or put a proxy before it that allows only what is needed.',
  examine: ({ facts }) =>
    facts.engineSockets.length === 0
      ? ok('it cannot')
      : failed(`at ${some(facts.engineSockets)}`, HOST_IS_LOST),
};

export const hostServices: AuditCheck = {
  id: 'host-services',
  cis: null,
  title: 'no service of the host can be reached from it',
  remedy:
    'Let services of the host listen on 127.0.0.1, filter what comes from bridges, or use --network none.',
  examine: ({ facts: { hostServices: services } }) => {
    if (services === null) return unknown('the host cannot be looked at from here');
    if (services.length === 0) return ok('none');
    const ports = [...new Set(services.map(({ port }) => port))].sort((a, b) => a - b).map(String);
    return noted(`unless a firewall is between: TCP ${some(ports, 12)}`);
  },
};
