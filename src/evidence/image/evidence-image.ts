/** Documents of the evidence image: OCI image and layout specification 1.1, and the archive of `docker load`. */
import { z } from 'zod';
import { canonicalJson, version } from '../../kernel/index.ts';

const baseSchema = z.looseObject({
  rootfs: z.looseObject({ type: z.string(), diff_ids: z.array(z.string()) }),
  history: z.array(z.looseObject({})).optional(),
});

/** A piece of content by its digest. */
export interface Descriptor {
  readonly mediaType: string;
  readonly sha256: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';
export const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const EVIDENCE_TYPE = 'application/vnd.pristine.evidence.v1';
export const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
export const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** The suspect image's configuration with one more layer. */
export function imageConfig(base: Buffer, layer: string | null, bundle: string, createdAt: string): string {
  const config = baseSchema.parse(JSON.parse(base.toString('utf8')));
  if (layer === null) return canonicalJson(config);
  const step = {
    created: createdAt,
    created_by: `pristine ${version} evidence ${bundle}`,
    comment: 'upper layer',
  };
  return canonicalJson({
    ...config,
    created: createdAt,
    rootfs: { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, `sha256:${layer}`] },
    history: [...(config.history ?? []), step],
  });
}

export function imageManifest(config: Descriptor, layers: readonly Descriptor[]): string {
  return canonicalJson({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: described(config),
    layers: layers.map(described),
  });
}

/**
 * The items as an OCI artifact that refers to the image. Its layers must not have an image layer's media type,
 * or Docker's containerd store would try to unpack them as an image.
 */
export function artifactManifest(empty: Descriptor, items: readonly Descriptor[], image: Descriptor): string {
  return canonicalJson({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: EVIDENCE_TYPE,
    config: described(empty),
    layers: items.map(described),
    subject: described(image),
  });
}

export function imageIndex(image: Descriptor, artifact: Descriptor, reference: string): string {
  // containerd wants the name in full, with the domain that Docker leaves out; nothing is fetched from there.
  const annotations = {
    'io.containerd.image.name': `docker.io/${reference}`,
    'org.opencontainers.image.ref.name': reference,
  };
  return canonicalJson({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      { ...described(image), annotations },
      { ...described(artifact), artifactType: EVIDENCE_TYPE },
    ],
  });
}

/** `manifest.json` of a `docker save` archive, which every Docker Engine loads. */
export function dockerManifest(config: string, layers: readonly string[], reference: string): string {
  const blob = (digest: string) => `blobs/sha256/${digest}`;
  return canonicalJson([{ Config: blob(config), RepoTags: [reference], Layers: layers.map(blob) }]);
}

/** Name of the evidence image: the container's name in the letters that image names may have. */
export function evidenceReference(containerName: string, bundle: string): string {
  const name = containerName
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `pristine-evidence/${name === '' ? 'container' : name}:${bundle}`;
}

/** Whether a name is one that {@link evidenceReference} gives. */
export function isEvidenceReference(reference: string): boolean {
  return /^pristine-evidence\/[a-z0-9-]+:ev-[a-z0-9-]+$/.test(reference);
}

function described({ mediaType, sha256, size, annotations }: Descriptor): object {
  return { mediaType, digest: `sha256:${sha256}`, size, ...(annotations && { annotations }) };
}
