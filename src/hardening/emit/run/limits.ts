import type { HardeningPlan } from '../../../contract/index.ts';
import type { RawContainer } from '../raw.ts';
import { each, type Flag, when } from '../shell.ts';
import { pairs } from './identity.ts';

type Rates = RawContainer['HostConfig']['BlkioDeviceReadBps'];

/** How much the container may take. Swap is limited with memory, or the limit is one of memory alone. */
export function limitFlags({ HostConfig: host }: RawContainer, { configuration }: HardeningPlan): Flag[] {
  const { memoryLimit, pidsLimit } = configuration;
  const pids = pidsLimit ?? host.PidsLimit ?? 0;
  const rates = (name: string, list: Rates) =>
    each(
      name,
      list?.map(({ Path, Rate }) => `${Path}:${Rate}`),
    );
  return [
    ...when('--memory', memoryLimit ?? host.Memory),
    ...when('--memory-swap', memoryLimit ?? host.MemorySwap),
    ...when('--memory-reservation', host.MemoryReservation),
    ...(host.MemorySwappiness == null || host.MemorySwappiness < 0
      ? []
      : [['--memory-swappiness', String(host.MemorySwappiness)]]),
    ...(host.OomKillDisable ? [['--oom-kill-disable']] : []),
    ...when('--oom-score-adj', host.OomScoreAdj),
    ...(pids > 0 ? [['--pids-limit', String(pids)]] : []),
    ...when('--cpus', host.NanoCpus ? host.NanoCpus / 1e9 : null),
    ...(host.NanoCpus
      ? []
      : [...when('--cpu-period', host.CpuPeriod), ...when('--cpu-quota', host.CpuQuota)]),
    ...when('--cpu-rt-period', host.CpuRealtimePeriod),
    ...when('--cpu-rt-runtime', host.CpuRealtimeRuntime),
    ...when('--cpu-shares', host.CpuShares),
    ...when('--cpuset-cpus', host.CpusetCpus),
    ...when('--cpuset-mems', host.CpusetMems),
    ...when('--blkio-weight', host.BlkioWeight),
    ...rates('--device-read-bps', host.BlkioDeviceReadBps),
    ...rates('--device-write-bps', host.BlkioDeviceWriteBps),
    ...rates('--device-read-iops', host.BlkioDeviceReadIOps),
    ...rates('--device-write-iops', host.BlkioDeviceWriteIOps),
    ...each('--storage-opt', pairs(host.StorageOpt)),
    ...each('--sysctl', pairs(host.Sysctls)),
    ...each(
      '--ulimit',
      host.Ulimits?.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`),
    ),
  ];
}
