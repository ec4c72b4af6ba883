import { z } from 'zod';
import type { ContainerDetails } from '../../engine/index.ts';

const texts = z.array(z.string()).nullish();
const record = z.record(z.string(), z.string()).nullish();
const rates = z.array(z.looseObject({ Path: z.string(), Rate: z.number() })).nullish();

/** What an image gives each container, as far as an option would only say it again. */
const imageSchema = z.looseObject({
  Env: texts,
  Cmd: texts,
  Entrypoint: texts,
  Labels: record,
  WorkingDir: z.string().nullish(),
  StopSignal: z.string().nullish(),
  User: z.string().nullish(),
  ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
  Healthcheck: z.unknown().optional(),
});

/** The members of an inspect that a configuration is written from (`GET /containers/ID/json`). */
const rawSchema = z.looseObject({
  Config: z.looseObject({
    Hostname: z.string().nullish(),
    Domainname: z.string().nullish(),
    MacAddress: z.string().nullish(),
    User: z.string().nullish(),
    Env: texts,
    Cmd: texts,
    Entrypoint: texts,
    WorkingDir: z.string().nullish(),
    Labels: record,
    StopSignal: z.string().nullish(),
    StopTimeout: z.number().nullish(),
    Tty: z.boolean().nullish(),
    OpenStdin: z.boolean().nullish(),
    ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    Healthcheck: z
      .looseObject({
        Test: texts,
        Interval: z.number().nullish(),
        Timeout: z.number().nullish(),
        Retries: z.number().nullish(),
        StartPeriod: z.number().nullish(),
        StartInterval: z.number().nullish(),
      })
      .nullish(),
  }),
  HostConfig: z.looseObject({
    NetworkMode: z.string(),
    PortBindings: z
      .record(z.string(), z.array(z.looseObject({ HostIp: z.string(), HostPort: z.string() })).nullish())
      .nullish(),
    PublishAllPorts: z.boolean().nullish(),
    RestartPolicy: z.looseObject({ Name: z.string(), MaximumRetryCount: z.number().nullish() }).nullish(),
    AutoRemove: z.boolean().nullish(),
    Privileged: z.boolean().nullish(),
    CapAdd: texts,
    CapDrop: texts,
    SecurityOpt: texts,
    GroupAdd: texts,
    Tmpfs: record,
    Binds: texts,
    Dns: texts,
    DnsOptions: texts,
    DnsSearch: texts,
    ExtraHosts: texts,
    Links: texts,
    PidMode: z.string().nullish(),
    IpcMode: z.string().nullish(),
    UTSMode: z.string().nullish(),
    UsernsMode: z.string().nullish(),
    Runtime: z.string().nullish(),
    CgroupParent: z.string().nullish(),
    Init: z.boolean().nullish(),
    ShmSize: z.number().nullish(),
    Memory: z.number().nullish(),
    MemorySwap: z.number().nullish(),
    PidsLimit: z.number().nullish(),
    NanoCpus: z.number().nullish(),
    CpuShares: z.number().nullish(),
    CpusetCpus: z.string().nullish(),
    CpusetMems: z.string().nullish(),
    CpuPeriod: z.number().nullish(),
    CpuQuota: z.number().nullish(),
    CpuRealtimePeriod: z.number().nullish(),
    CpuRealtimeRuntime: z.number().nullish(),
    MemoryReservation: z.number().nullish(),
    MemorySwappiness: z.number().nullish(),
    OomKillDisable: z.boolean().nullish(),
    BlkioWeight: z.number().nullish(),
    BlkioDeviceReadBps: rates,
    BlkioDeviceWriteBps: rates,
    BlkioDeviceReadIOps: rates,
    BlkioDeviceWriteIOps: rates,
    DeviceCgroupRules: texts,
    DeviceRequests: z
      .array(
        z.looseObject({
          Count: z.number().nullish(),
          DeviceIDs: texts,
          Capabilities: z.array(z.array(z.string())).nullish(),
        }),
      )
      .nullish(),
    StorageOpt: record,
    Annotations: record,
    CgroupnsMode: z.string().nullish(),
    MaskedPaths: texts,
    Mounts: z
      .array(
        z.looseObject({
          Type: z.string(),
          Target: z.string(),
          TmpfsOptions: z
            .looseObject({ SizeBytes: z.number().nullish(), Mode: z.number().nullish() })
            .nullish(),
          VolumeOptions: z.looseObject({ Subpath: z.string().nullish() }).nullish(),
        }),
      )
      .nullish(),
    OomScoreAdj: z.number().nullish(),
    Sysctls: record,
    Ulimits: z.array(z.looseObject({ Name: z.string(), Soft: z.number(), Hard: z.number() })).nullish(),
    Devices: z
      .array(
        z.looseObject({
          PathOnHost: z.string(),
          PathInContainer: z.string(),
          CgroupPermissions: z.string(),
        }),
      )
      .nullish(),
    LogConfig: z.looseObject({ Type: z.string(), Config: record }).nullish(),
  }),
  Mounts: z.array(z.looseObject({ Destination: z.string(), Propagation: z.string().nullish() })).nullish(),
  NetworkSettings: z.looseObject({
    Networks: z
      .record(
        z.string(),
        z.looseObject({
          Aliases: texts,
          Links: texts,
          DriverOpts: record,
          IPAMConfig: z
            .looseObject({ IPv4Address: z.string().nullish(), IPv6Address: z.string().nullish() })
            .nullish(),
        }),
      )
      .nullish(),
  }),
});

export type RawContainer = z.infer<typeof rawSchema>;

/** @throws when an engine answered with something else than the API says */
export function rawOf({ raw }: Pick<ContainerDetails, 'raw'>): RawContainer {
  return rawSchema.parse(raw);
}

export type ImageDefaults = z.infer<typeof imageSchema>;

/** What the image gives by itself; nothing when that is not known. */
export function defaultsOf({ imageConfig }: Pick<ContainerDetails, 'imageConfig'>): ImageDefaults {
  return imageSchema.safeParse(imageConfig ?? {}).data ?? imageSchema.parse({});
}

/** The name that the user knows the image by while it leads to the same image, else its id. */
export function imageOf({ image, imageId, imageTags }: ContainerDetails): string {
  if (image === '') return imageId;
  if (imageTags === undefined || /@sha256:/.test(image)) return image;
  const tagged = /:[^/]*$/.test(image) ? image : `${image}:latest`;
  const bare = tagged.replace(/^(docker\.io\/)?(library\/)?/, '');
  return imageTags.some((tag) => tag === tagged || tag === bare) ? image : imageId;
}
