/** Refused files without an enforcer, for tests of what is kept of them. */
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Denial } from '../../src/contract/index.ts';

export const DENIED_INCIDENT = 'inc-20261124t120000-abcdef';
export const DENIED_CONTAINER = { id: 'c'.repeat(64), name: 'web', image: 'web:1' };

/** A refusal of `/tmp/x` to a shell. */
export function denial(given: Partial<Denial> = {}): Denial {
  return {
    enforced: true,
    path: '/tmp/x',
    access: 'execute',
    sha256: null,
    size: 0,
    reason: '/tmp/x, made by apache2, is not from the image.',
    writer: { pid: 7, exe: '/usr/sbin/apache2', ancestry: [{ pid: 1, exe: '/sbin/init' }] },
    reader: {
      pid: 8,
      exe: '/bin/sh',
      commandLine: ['sh', '-c', '/tmp/x'],
      sockets: ['tcp 10.0.0.2:80 10.0.0.9:4'],
    },
    allow: { path: '/tmp/x' },
    times: 1,
    ...given,
  };
}

/** An open file that no name leads to; closed at the end of the scope. */
export function unlinkedFile(
  content: string | Uint8Array = '',
): Disposable & { readonly descriptor: number } {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-denied-'));
  const descriptor = openSync(join(folder, 'x'), constants.O_RDWR | constants.O_CREAT, 0o755);
  rmSync(folder, { recursive: true });
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}
