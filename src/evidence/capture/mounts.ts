import { canonicalJson } from '../../kernel/index.ts';
import { SafeDirectory } from '../../linux/index.ts';
import type { DataBudget } from '../layer/entry.ts';
import { writeTree } from '../layer/write-tree.ts';
import { type MountPoint, parseMountInfo } from '../proc/mountinfo.ts';
import { readProc, readProcLink } from '../proc/read.ts';
import { TarWriter } from '../tar/writer.ts';
import type { CaptureContext } from './context.ts';
import { TreeLister } from './list-tree.ts';

const LARGEST_MOUNTINFO = 16 << 20;
/** Filesystems of the kernel's own, without content of a container's. */
const KERNEL = new Set([
  'proc',
  'sysfs',
  'cgroup',
  'cgroup2',
  'mqueue',
  'devpts',
  'bpf',
  'tracefs',
  'debugfs',
]);
const READ_LATE =
  'Volumes and binds were read when the replacement had started already: what is listed can be its work, not the suspect\u2019s.';
/** Bytes of data kept of all memory filesystems together. */
const MOST_MEMORY_BYTES = 4 * 1024 ** 3;
const MEMORY = new Set(['tmpfs', 'ramfs']);

/**
 * Keeps the mounts of the container and what they hold: memory filesystems as tar archives, anything else as a
 * listing with hashes.
 */
export async function captureMounts(context: CaptureContext): Promise<void> {
  const { target, builder, omissions } = context;
  const configured = { title: 'Mounts as the engine configured them', mediaType: 'application/json' };
  await builder.content('mounts.json', configured, canonicalJson(target.mounts));
  const kind = {
    title: 'Files on volumes and binds with their hashes, one a line',
    mediaType: 'application/jsonl',
  };
  await builder.item('mount-files.jsonl', kind, async (file) => {
    const lister = new TreeLister(file, omissions, context.signal);
    if (target.pid === null) await listSources(context, lister);
    else await captureRunning(context, target.pid, lister);
    if (lister.files > 0) {
      omissions.add(
        'Volumes and binds: listed with hashes; their content is not in the bundle, as they live on.',
      );
      if (context.replacementRuns === true) omissions.add(READ_LATE);
    }
  });
}

async function captureRunning(context: CaptureContext, pid: number, lister: TreeLister): Promise<void> {
  const { builder, omissions } = context;
  const info = await readProc(`/proc/${pid}/mountinfo`, LARGEST_MOUNTINFO);
  if (info === null) {
    omissions.add('The mounts could not be read: the first process of the container ended.');
    return;
  }
  const kind = { title: 'Mounts as /proc/PID/mountinfo has them', mediaType: 'text/plain' };
  await builder.content('mountinfo.txt', kind, info.bytes);
  if (readProcLink(`/proc/${pid}/root`) !== '/') {
    omissions.add(
      'The first process of the container changed its root, which hides the mounts: memory filesystems are not captured.',
    );
    await listSources(context, lister);
    return;
  }
  using root = SafeDirectory.openTrusted(`/proc/${pid}/root/`);
  let count = 0;
  const budget = { left: MOST_MEMORY_BYTES };
  for (const mount of parseMountInfo(info.bytes)) {
    context.signal?.throwIfAborted();
    if (mount.path === '/' || KERNEL.has(mount.type) || /^\/(proc|sys)(\/|$)/.test(mount.path)) continue;
    if (MEMORY.has(mount.type)) await captureMemory(context, root, mount, { number: ++count, budget });
    else await lister.mount(root, mount.path);
  }
}

async function captureMemory(
  { builder, omissions, signal }: CaptureContext,
  root: SafeDirectory,
  mount: MountPoint,
  { number, budget }: { number: number; budget: DataBudget },
): Promise<void> {
  const title = `${mount.type} ${mount.path}`;
  using directory = root.openDirectory(mount.path.slice(1));
  if (directory === null || directory.status().device !== mount.device) {
    omissions.add(`${title} is hidden below another mount or is no directory: not captured.`);
    return;
  }
  const kind = { title: `Content of ${title}`, mediaType: 'application/x-tar' };
  await builder.item(`memory-filesystems/${number}.tar`, kind, async (file) => {
    const tar = new TarWriter(file);
    await writeTree(directory, tar, { overlay: false, title, omissions, budget, ...(signal && { signal }) });
    await tar.end();
  });
}

/** Of a stopped container only what its mounts came from is left. */
async function listSources({ target, omissions }: CaptureContext, lister: TreeLister): Promise<void> {
  for (const { kind, source, destination } of target.mounts) {
    if (source === null && target.pid === null)
      omissions.add(`${kind} ${destination} was gone, as the container did not run.`);
    else if (source === null) omissions.add(`${kind} ${destination} is not captured.`);
    else await lister.source(source, destination);
  }
}
