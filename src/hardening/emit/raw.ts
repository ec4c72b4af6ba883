import { z } from 'zod';
import type { ContainerDetails } from '../../engine/index.ts';

const texts = z.array(z.string()).nullish();
const record = z.record(z.string(), z.string()).nullish();

/** The members of an inspect that a configuration is written from (`GET /containers/ID/json`). */
const rawSchema = z.looseObject({
  Config: z.looseObject({
    Hostname: z.string().nullish(),
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
  NetworkSettings: z.looseObject({
    Networks: z
      .record(
        z.string(),
        z.looseObject({
          Aliases: texts,
          Links: texts,
          IPAMConfig: z.looseObject({ IPv4Address: z.string().nullish() }).nullish(),
        }),
      )
      .nullish(),
  }),
});

export type RawContainer = z.infer<typeof rawSchema>;

/** @throws when an engine answered with something else than the API says */
export function rawOf({ raw }: ContainerDetails): RawContainer {
  return rawSchema.parse(raw);
}
