/** What a sensor needs to know of a test's container, straight from `docker inspect`. */
import type { ContainerMount, WatchTarget } from '../../src/contract/index.ts';
import { docker } from './engine.ts';

interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  Config: { Image: string };
  State: { Pid: number };
  GraphDriver: { Data: { UpperDir: string; LowerDir: string; MergedDir: string } };
  Mounts: { Type: string; Destination: string; Source: string; Name?: string; RW: boolean }[];
  HostConfig: { Tmpfs?: Record<string, string> };
}

export async function watchTarget(container: string): Promise<WatchTarget> {
  const [found] = JSON.parse(await docker('inspect', container)) as Inspected[];
  if (found === undefined) throw new Error(`${container} is not there`);
  const { UpperDir, LowerDir, MergedDir } = found.GraphDriver.Data;
  return {
    id: found.Id,
    name: found.Name.slice(1),
    image: found.Config.Image,
    imageId: found.Image,
    pid: found.State.Pid || null,
    overlay: { upper: UpperDir, lower: LowerDir.split(':'), merged: MergedDir },
    mounts: [...found.Mounts.map(mountOf), ...Object.keys(found.HostConfig.Tmpfs ?? {}).map(tmpfsAt)],
  };
}

function mountOf(mount: Inspected['Mounts'][number]): ContainerMount {
  return {
    kind: mount.Type === 'volume' || mount.Type === 'bind' ? mount.Type : 'other',
    destination: mount.Destination,
    source: mount.Source,
    volume: mount.Name ?? null,
    writable: mount.RW,
  };
}

function tmpfsAt(destination: string): ContainerMount {
  return { kind: 'tmpfs', destination, source: null, volume: null, writable: true };
}
