import { readFileSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { run } from '../../host/index.ts';
import { deviceAddresses, type Network, overlap, parseNetwork } from './addresses.ts';
import { restoreFirewall } from './firewall.ts';
import type { EnginePaths } from './paths.ts';
import { allProcesses, ended, type ProcessEntry, signalProcess } from './processes.ts';
import type { EngineRecord } from './record.ts';

/**
 * Removes what an engine that has ended, in whatever way, has left on this host: processes, mounts, network
 * devices, rules of the packet filter, files of its run directory. Data stays.
 */
export async function sweep(paths: EnginePaths, record: EngineRecord | null): Promise<void> {
  await endLeftProcesses(paths);
  await unmountBelow([paths.execRoot, paths.dataRoot]);
  const subnets = [record?.bridgeAddress, record?.addressPool]
    .map((text) => parseNetwork(text ?? ''))
    .filter((network) => network !== null);
  const bridges = [paths.bridge, ...(await bridgesWithin(subnets))];
  for (const bridge of bridges) await run('ip', ['link', 'delete', bridge]);
  if (record !== null) await restoreFirewall(record.before, { bridges, subnets }, otherEngineRuns(paths));
  await rm(paths.runDirectory, { recursive: true, force: true });
  await rm(paths.recordFile, { force: true });
}

/** Whether an engine other than this private one works with the same packet filter. */
function otherEngineRuns(paths: EnginePaths): boolean {
  const here = networkNamespace('self');
  return allProcesses().some(
    (entry) =>
      entry.name === 'dockerd' && !isBelow(entry, paths.execRoot) && networkNamespace(entry.pid) === here,
  );
}

function networkNamespace(pid: number | 'self'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

/** containerd, its shims and, through them, the containers: all are told this engine's exec-root. */
async function endLeftProcesses(paths: EnginePaths): Promise<void> {
  const everyone = allProcesses();
  const left = everyone.filter(
    (entry) => isBelow(entry, paths.execRoot) && !entry.name.startsWith('dockerd'),
  );
  const shims = new Set(
    left.filter((entry) => entry.name.startsWith('containerd-shim')).map((entry) => entry.pid),
  );
  const containers = everyone.filter((entry) => shims.has(entry.parent));
  for (const entry of [...containers, ...left]) signalProcess(entry, 'SIGKILL');
  for (const entry of [...containers, ...left]) await ended(entry, 5000);
}

function isBelow(entry: ProcessEntry, directory: string): boolean {
  return entry.command.some((word) => word === directory || word.startsWith(`${directory}/`));
}

/** Unmounts everything at and below some directories, the innermost first. */
async function unmountBelow(directories: readonly string[]): Promise<void> {
  const mounted = mountPoints(readFileSync('/proc/self/mountinfo', 'utf8')).filter((point) =>
    directories.some((directory) => point === directory || point.startsWith(`${directory}/`)),
  );
  for (const point of mounted.reverse()) {
    // Lazily where it is busy: what holds it has been told to end.
    if ((await run('umount', [point])).code !== 0) await run('umount', ['-l', point]);
  }
}

/** Mount points of a mountinfo(5) text, in the order of mounting. */
export function mountPoints(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map((point) =>
      point.replaceAll(/\\([0-7]{3})/g, (_all, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      ),
    );
}

/** Bridges that the engine made for networks: their addresses come from its pool. */
async function bridgesWithin(subnets: readonly Network[]): Promise<string[]> {
  return (await deviceAddresses())
    .filter(
      ({ device, network }) => device.startsWith('br-') && subnets.some((subnet) => overlap(subnet, network)),
    )
    .map(({ device }) => device);
}
