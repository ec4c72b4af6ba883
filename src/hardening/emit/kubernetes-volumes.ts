import type { HardeningPlan } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';

interface PodVolumes {
  readonly volumes: readonly object[];
  readonly mounts: readonly object[];
  /** Names of claims. */
  readonly claims: readonly string[];
}

const planned = (at: number) => `hardened-${at}`;

/** What a Pod mounts: places of the plan, then what the container has. */
export function podVolumes(
  details: ContainerDetails,
  { configuration }: HardeningPlan,
  name: string,
): PodVolumes {
  const claims: string[] = [];
  const claim = (volume: string) => {
    claims.push(`${name}-${volume}`);
    return { name: volume, persistentVolumeClaim: { claimName: `${name}-${volume}` } };
  };
  const places = configuration.mounts.map(({ path, kind, size }, at) => ({
    mount: { name: planned(at), mountPath: path },
    volume: kind === 'tmpfs' ? memory(planned(at), size) : claim(planned(at)),
  }));
  const sorted = details.mounts.toSorted((a, b) => (a.destination < b.destination ? -1 : 1));
  const own = sorted.map(({ kind, source, destination, writable }, at) => ({
    mount: { name: `data-${at}`, mountPath: destination, ...(writable ? {} : { readOnly: true }) },
    volume:
      kind === 'tmpfs'
        ? memory(`data-${at}`, null)
        : kind === 'bind'
          ? { name: `data-${at}`, hostPath: { path: source ?? '' } }
          : claim(`data-${at}`),
  }));
  const all = [...places, ...own];
  return { volumes: all.map(({ volume }) => volume), mounts: all.map(({ mount }) => mount), claims };
}

function memory(name: string, size: number | null): object {
  return { name, emptyDir: { medium: 'Memory', ...(size === null ? {} : { sizeLimit: String(size) }) } };
}

export function claimsOf(names: readonly string[]): object[] {
  return names.map((name) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }));
}

/** Init containers that copy what the image has into its volume, but for what is there already. */
export function hydration(image: string, { configuration }: HardeningPlan): object[] {
  return configuration.mounts.flatMap(({ path, hydrated }, at) =>
    hydrated
      ? [
          {
            name: `fill-${at}`,
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['cp', '-a', '-n', `${path}/.`, '/volume/'],
            securityContext: {
              ...{
                runAsUser: 0,
                runAsNonRoot: false,
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
              },
              capabilities: { drop: ['ALL'], add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] },
            },
            volumeMounts: [{ name: planned(at), mountPath: '/volume' }],
          },
        ]
      : [],
  );
}
