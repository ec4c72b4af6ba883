import type { ContainerMount, WatchTarget } from '../../contract/index.ts';

/** What the overlay's upper layer does not show of a container, each a sentence. */
export function overlayBlindSpots(target: WatchTarget): string[] {
  return [
    ...target.mounts.filter((mount) => mount.writable).map(mountSentence),
    'Changes under /dev, /dev/shm, /proc and /sys, and to /etc/hosts, /etc/hostname and /etc/resolv.conf, lie on mounts of the engine and are not in the upper layer.',
    'Memory of processes is not looked at: a program that runs from memory alone (memfd) leaves no file.',
    'What is stored through a memory mapping of a file raises no event until the mapping ends; scans find what has reached the file.',
  ];
}

/** What a mount hides, as a sentence. */
export function mountSentence(mount: ContainerMount): string {
  const where = JSON.stringify(mount.destination);
  if (mount.kind === 'volume') {
    const name = mount.volume === null ? 'a volume' : `volume ${JSON.stringify(mount.volume)}`;
    return `Changes under ${where} go to ${name} and have no image to compare with.`;
  }
  if (mount.kind === 'bind') {
    const source = mount.source === null ? 'the host' : `the host's ${JSON.stringify(mount.source)}`;
    return `Changes under ${where} go to ${source} and have no image to compare with.`;
  }
  if (mount.kind === 'tmpfs')
    return `Changes under ${where} are in memory (tmpfs) and end with the container.`;
  return `Changes under ${where} go to another filesystem and have no image to compare with.`;
}
