import type { Content } from './subject.ts';

const texts = new WeakMap<Uint8Array, string>();

/** The sample as text, one character per byte (ISO 8859-1): no byte is lost, and every search stays linear. */
export function textOf(content: Content): string {
  const known = texts.get(content.bytes);
  if (known !== undefined) return known;
  const text = Buffer.from(content.bytes.buffer, content.bytes.byteOffset, content.bytes.byteLength).toString(
    'latin1',
  );
  texts.set(content.bytes, text);
  return text;
}

const textual = new WeakMap<Uint8Array, boolean>();

/** Whether the sample is text: no NUL byte, and hardly any other control characters. */
export function isText(content: Content): boolean {
  const known = textual.get(content.bytes);
  if (known !== undefined) return known;
  const answer = looksLikeText(content);
  textual.set(content.bytes, answer);
  return answer;
}

function looksLikeText(content: Content): boolean {
  let control = 0;
  for (const byte of content.bytes) {
    if (byte === 0) return false;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c && byte !== 0x1b) {
      control += 1;
    }
  }
  return control * 50 <= content.bytes.length;
}

export type ElfKind = 'executable' | 'library' | 'relocatable' | 'core';

/**
 * What kind of ELF object this is, by e_type (elf(5)); null when it is none. A position-independent
 * executable is told from a shared library by the program interpreter that it names.
 */
export function elfKind(content: Content): ElfKind | null {
  const { bytes } = content;
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) return null;
  const bigEndian = bytes[5] === 2;
  const type = (bytes[bigEndian ? 17 : 16] ?? 0) + (bytes[bigEndian ? 16 : 17] ?? 0) * 256;
  if (type === 1) return 'relocatable';
  if (type === 4) return 'core';
  if (type !== 3) return 'executable';
  const head = textOf(content).slice(0, 4096);
  return head.includes('/ld-linux') || head.includes('/ld-musl') || head.includes('/ld.so')
    ? 'executable'
    : 'library';
}

/** Base name of the interpreter that a `#!` line names (`env` looked through); null when there is none. */
export function shebang(content: Content): string | null {
  if (content.bytes[0] !== 0x23 || content.bytes[1] !== 0x21) return null;
  const text = textOf(content).slice(2, 258);
  const newline = text.indexOf('\n');
  const words = (newline === -1 ? text : text.slice(0, newline))
    .split(/[ \t\r]/)
    .filter((word) => word !== '');
  let command = words[0] ?? '';
  if (command.endsWith('/env') || command === 'env') {
    command = words.slice(1).find((word) => !word.startsWith('-') && !word.includes('=')) ?? '';
  }
  return command.slice(command.lastIndexOf('/') + 1);
}
