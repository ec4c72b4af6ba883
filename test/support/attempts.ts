import { DEFAULT_PROTECTION, type ProtectionPolicy } from '../../src/contract/index.ts';
import type { Attempt, DriftedFile, Opener } from '../../src/enforcement/verdict/access.ts';

export interface Asked {
  readonly kind?: Attempt['kind'];
  readonly path?: string;
  readonly place?: DriftedFile['place'];
  readonly content?: string | Uint8Array;
  readonly size?: number;
  readonly fromImage?: boolean;
  readonly sha256?: string | null;
  readonly writers?: readonly string[] | null;
  readonly exe?: string | null;
  readonly command?: string | readonly string[];
  readonly loader?: boolean;
  readonly flags?: number | null;
  /** Words that lead to the file through links. */
  readonly links?: readonly string[];
  readonly isWriting?: boolean;
  readonly policy?: Partial<ProtectionPolicy>;
  readonly image?: string;
  readonly now?: number;
}

export const NOW = Date.parse('2026-03-04T12:00:00Z');

/** An attempt: unless it says otherwise, `/bin/cat` reads the new text file `/tmp/x`. */
export function attempt(asked: Asked): Attempt {
  const { content = 'some text\n', command = ['cat', '/tmp/x'] } = asked;
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const file: DriftedFile = {
    path: asked.path ?? '/tmp/x',
    place: asked.place ?? 'layer',
    size: asked.size ?? bytes.length,
    fromImage: asked.fromImage ?? false,
    head: (atMost) => bytes.subarray(0, atMost),
    sha256: () => (asked.sha256 === undefined ? 'a'.repeat(64) : asked.sha256),
    writers: () => (asked.writers === undefined ? ['/usr/bin/curl'] : asked.writers),
  };
  const opener: Opener = {
    exe: () => (asked.exe === undefined ? '/bin/cat' : asked.exe),
    commandLine: () => (typeof command === 'string' ? command.split(' ') : command),
    fromLoader: () => asked.loader ?? false,
    openFlags: () => (asked.flags === undefined ? 0 : asked.flags),
    leadsHere: (word) => asked.links?.includes(word) ?? false,
    isWriting: () => asked.isWriting ?? false,
  };
  return {
    ...{ kind: asked.kind ?? 'open', image: asked.image ?? 'shop/web:2', file, opener },
    ...{ policy: { ...DEFAULT_PROTECTION, ...asked.policy }, now: asked.now ?? NOW },
  };
}

/** The head of an ELF file of a type (elf(5)). */
export function elf(type: number, isBigEndian = false): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, isBigEndian ? 2 : 1, 1]);
  bytes[isBigEndian ? 17 : 16] = type;
  return bytes;
}

export const ELF = { relocatable: elf(1), program: elf(2), shared: elf(3), core: elf(4) };
