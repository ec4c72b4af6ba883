/**
 * The process that stands in the container's mount namespace. It runs nothing of the container and reads nothing
 * there: once it has joined, it only opens places (O_PATH), never through a link, and changes mounts. Nothing may
 * be imported or looked up by path after that, as every path is the container's.
 */
import { openSync, readSync, writeSync } from 'node:fs';
import { encodePathBytes } from '../kernel/index.ts';
import {
  bindOverItself,
  closeDescriptor,
  FileIdentity,
  joinMountNamespace,
  O_PATH,
  openBeneath,
  SafeDirectory,
  setMountFlags,
  unmountName,
} from '../linux/index.ts';
import type { MountAnswer, MountRequest } from './protocol.ts';

const STDIN = 0;
const STDOUT = 1;

const namespace = openSync(`/proc/${Number(process.argv[2])}/ns/mnt`, 'r');
const identity = new FileIdentity();
// Everything that is looked up at its first use is used once while paths are still the host's.
using warmUp = SafeDirectory.openTrusted('/');
closeDescriptor(openBeneath(warmUp.descriptor, Buffer.from('.'), O_PATH) ?? -1);
identity.read(warmUp.descriptor);
answerWith(attempt(() => joinMountNamespace(namespace)));
using root = SafeDirectory.openTrusted('/');
for (const request of requests()) answerWith(attempt(() => serve(request)));

function serve(request: MountRequest): void {
  const { path, mount } = request;
  const place = open(path);
  try {
    if (identity.read(place).mountId !== mount) throw gone();
    if (request.do === 'flags') setMountFlags(place, request);
    else if (request.do === 'bind') bindOverItself(place, request.access);
    else unmount(path);
  } finally {
    closeDescriptor(place);
  }
}

function unmount(path: string): void {
  const slash = path.lastIndexOf('/');
  const parent = open(path.slice(0, slash));
  try {
    unmountName(parent, encodePathBytes(path.slice(slash + 1)));
  } finally {
    closeDescriptor(parent);
  }
}

/** A place of the container, as a place only; throws `gone` when it is not reached without a link. */
function open(path: string): number {
  const relative = path.replace(/^\/+/, '');
  const found = openBeneath(root.descriptor, encodePathBytes(relative || '.'), O_PATH);
  if (found === null) throw gone();
  return found;
}

function gone(): Error {
  return Object.assign(new Error('gone'), { errno: 'gone' });
}

function attempt(work: () => void): MountAnswer {
  try {
    work();
    return { error: null };
  } catch (error) {
    return { error: error instanceof Error && 'errno' in error ? String(error.errno) : String(error) };
  }
}

function answerWith(answer: MountAnswer): void {
  writeSync(STDOUT, `${JSON.stringify(answer)}\n`);
}

function* requests(): Generator<MountRequest> {
  const buffer = Buffer.alloc(64 << 10);
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      yield JSON.parse(rest.toString('utf8', 0, end)) as MountRequest;
      rest = rest.subarray(end + 1);
    }
    const length = readSync(STDIN, buffer);
    if (length === 0) return;
    rest = Buffer.concat([rest, buffer.subarray(0, length)]);
  }
}
