const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A file name's bytes as a string that keeps every byte: UTF-8 where it is valid, and each other byte XX as
 * the lone surrogate U+DCXX (the "surrogateescape" of Python's PEP 383). `JSON.stringify` writes those as
 * `\udcXX`, so that nothing is lost in JSON either.
 */
export function decodePathBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return decodeLeniently(bytes);
  }
}

function decodeLeniently(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] ?? 0);
    const character = length === 0 ? undefined : decodeOne(bytes.subarray(at, at + length), length);
    if (character === undefined) {
      text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += character;
      at += length;
    }
  }
  return text;
}

function decodeOne(sequence: Uint8Array, length: number): string | undefined {
  if (sequence.length < length) return undefined;
  try {
    return utf8.decode(sequence);
  } catch {
    return undefined;
  }
}

/** Length in bytes that a UTF-8 lead byte announces; 0 when it cannot lead. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/** The bytes of a path that {@link decodePathBytes} made, unchanged. */
export function encodePathBytes(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, 'utf8');
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(
      code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8'),
    );
  }
  return Buffer.concat(parts);
}
