import { z } from 'zod';
import type { ContainerDetails } from '../../engine/index.ts';
import { isWithin } from '../../kernel/index.ts';

/** What an engine puts into every container by itself (moby's init layer, Podman's additions). */
const ENGINES_OWN = [
  '/.dockerenv',
  '/run/.containerenv',
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/etc/mtab',
  ...['/dev', '/proc', '/sys'],
];

const rawSchema = z.looseObject({
  HostConfig: z.looseObject({ Tmpfs: z.record(z.string(), z.unknown()).nullish() }),
});

/** Answers whether a path is another mount's than the root filesystem's, or the engine's to write. */
export function coveredBy({
  mounts,
  raw,
}: Pick<ContainerDetails, 'mounts' | 'raw'>): (path: string) => boolean {
  const parsed = rawSchema.safeParse(raw);
  const tmpfs = parsed.success ? Object.keys(parsed.data.HostConfig.Tmpfs ?? {}) : [];
  const places = [...ENGINES_OWN, ...mounts.map(({ destination }) => destination), ...tmpfs].map((place) =>
    place.replace(/\/+$/, ''),
  );
  return (path) => places.some((place) => isWithin(path, place));
}
