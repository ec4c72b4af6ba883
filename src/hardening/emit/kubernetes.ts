import { Document } from 'yaml';
import type { HardeningPlan } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { type RawContainer, rawOf } from './raw.ts';
import { commentLines } from './words.ts';

/**
 * A Pod with the plan as its securityContext, a tmpfs as an emptyDir in memory, and what must last as a claim
 * (Kubernetes API v1). Its user and group own an emptyDir by fsGroup.
 */
export function emitKubernetes(details: ContainerDetails, plan: HardeningPlan): string {
  const raw = rawOf(details);
  const { configuration } = plan;
  const { capabilities, mounts, groups, memoryLimit, readOnlyRoot, noNewPrivileges } = configuration;
  const user = numbers(configuration.user ?? raw.Config.User ?? '');
  const name = objectName(details.name);
  const gid = user?.gid ?? mounts.find((mount) => mount.gid !== 0)?.gid;
  const places = mounts.map((mount, at) => ({ ...mount, volume: `hardened-${at}` }));
  const own = details.mounts
    .filter(({ kind }) => kind === 'volume' || kind === 'bind')
    .map((mount, at) => ({ ...mount, volume: `data-${at}` }));
  const document = new Document({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      automountServiceAccountToken: false,
      securityContext: {
        ...(user === null ? {} : { runAsUser: user.uid, runAsGroup: user.gid, runAsNonRoot: user.uid !== 0 }),
        ...(gid === undefined ? {} : { fsGroup: gid }),
        ...(groups.length === 0 ? {} : { supplementalGroups: [...groups] }),
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name,
          image: details.image === '' ? details.imageId : details.image,
          ...(raw.Config.Entrypoint?.length ? { command: raw.Config.Entrypoint.map(escaped) } : {}),
          ...(raw.Config.Cmd?.length ? { args: raw.Config.Cmd.map(escaped) } : {}),
          ...(raw.Config.WorkingDir ? { workingDir: raw.Config.WorkingDir } : {}),
          ...(raw.Config.Env?.length ? { env: raw.Config.Env.map(variable) } : {}),
          ...ports(raw),
          securityContext: {
            readOnlyRootFilesystem: readOnlyRoot,
            allowPrivilegeEscalation: !noNewPrivileges,
            ...(capabilities === null
              ? {}
              : {
                  capabilities: {
                    drop: ['ALL'],
                    ...(capabilities.length === 0 ? {} : { add: [...capabilities] }),
                  },
                }),
          },
          ...(memoryLimit === null ? {} : { resources: { limits: { memory: String(memoryLimit) } } }),
          volumeMounts: [
            ...places.map(({ volume, path }) => ({ name: volume, mountPath: path })),
            ...own.map(({ volume, destination, writable }) => ({
              ...{ name: volume, mountPath: destination },
              ...(writable ? {} : { readOnly: true }),
            })),
          ],
        },
      ],
      volumes: [
        ...places.map(({ volume, kind, size }) =>
          kind === 'tmpfs'
            ? {
                name: volume,
                emptyDir: { medium: 'Memory', ...(size === null ? {} : { sizeLimit: String(size) }) },
              }
            : { name: volume, persistentVolumeClaim: { claimName: `${name}-${volume}` } },
        ),
        ...own.map(({ volume }) => ({
          name: volume,
          persistentVolumeClaim: { claimName: `${name}-${volume}` },
        })),
      ],
    },
  });
  const notes = [
    ...places
      .filter(({ kind }) => kind === 'volume')
      .map(
        ({ path, volume }) =>
          `claim ${name}-${volume} is for ${path}; Kubernetes does not fill it from the image`,
      ),
    'an emptyDir is not noexec, and has no limit of files',
  ];
  document.commentBefore = [...commentLines(plan), ...notes.map((note) => `note: ${note}`)]
    .map((line) => ` ${line}`)
    .join('\n');
  return document.toString({ lineWidth: 0 });
}

/** A name as RFC 1123 wants labels. */
function objectName(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  return plain === '' ? 'container' : plain;
}

function numbers(user: string): { uid: number; gid: number } | null {
  const match = /^(\d+)(?::(\d+))?$/.exec(user);
  return match === null ? null : { uid: Number(match[1]), gid: Number(match[2] ?? match[1]) };
}

function variable(assignment: string): { name: string; value: string } {
  const at = assignment.indexOf('=');
  return { name: assignment.slice(0, at), value: escaped(assignment.slice(at + 1)) };
}

/** Kubernetes expands `$(NAME)`. */
function escaped(text: string): string {
  return text.replaceAll('$(', '$$(');
}

function ports({ Config: { ExposedPorts: exposed } }: RawContainer) {
  const named = Object.keys(exposed ?? {}).flatMap((port) => {
    const match = /^(\d+)\/(tcp|udp|sctp)$/.exec(port);
    return match === null
      ? []
      : [{ containerPort: Number(match[1]), protocol: (match[2] ?? '').toUpperCase() }];
  });
  return named.length === 0 ? {} : { ports: named };
}
