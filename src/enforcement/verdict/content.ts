/** What a file is by its first bytes, as far as that decides whether somebody may read it. */

/** Whether the bytes begin an ELF program or library (elf(5)). Objects for the linker and core dumps cannot be run. */
export function isElfProgram(head: Uint8Array): boolean {
  if (head[0] !== 0x7f || head[1] !== 0x45 || head[2] !== 0x4c || head[3] !== 0x46) return false;
  const isBigEndian = head[5] === 2;
  const type = (head[isBigEndian ? 17 : 16] ?? 0) + (head[isBigEndian ? 16 : 17] ?? 0) * 256;
  return type !== ET_REL && type !== ET_CORE;
}

const ET_REL = 1;
const ET_CORE = 4;

/** One character a byte: no byte is lost. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Base name of the program that a `#!` line names, `env` looked through; null when there is no such line. */
export function shebang(head: Uint8Array): string | null {
  if (head[0] !== 0x23 || head[1] !== 0x21) return null;
  const line = latin1(head.subarray(2, 258)).split('\n', 1)[0] ?? '';
  const words = line.split(/[ \t\r]/).filter((word) => word !== '');
  const first = words[0] ?? '';
  const isEnv = first === 'env' || first.endsWith('/env');
  const name = isEnv
    ? (words.slice(1).find((word) => !word.startsWith('-') && !word.includes('=')) ?? '')
    : first;
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The longest content that may be nothing but numbers. */
const MOST_NUMBERS = 64;
/** A number, a time or an address; also a version, which may end in letters: `10.11.6-MariaDB`. */
const NUMBERS = /^(?:\s*(?:\d+(?:[.:,+-]\d+)*|\d+(?:\.\d+)+[-+~][\w.+~-]+)(?=\s|$))*\s*$/;

/** Whether a file holds nothing but numbers, as pid files do: no interpreter can be made to do anything by it. */
export function isNumbers(head: Uint8Array, size: number): boolean {
  return size <= MOST_NUMBERS && head.length === size && NUMBERS.test(latin1(head));
}

/** A line of hosts(5) or resolv.conf(5): to a shell the call of a command that does not exist. */
const NETWORK_LINE =
  /^(?:[#;][^\n]*|(?:\d+(?:\.\d+){3}|[0-9a-f]{0,4}:[0-9a-f:.]*[0-9a-f:]|nameserver|search|domain|options|sortlist)(?:[ \t]+[\w.:%/-]+)*[ \t]*(?:#[^\n]*)?)?$/i;
/** What the engine calls a container that was given no host name. */
const CONTAINER_ID = /^[0-9a-f]{12}\n?$/;

/** Whether one of the three files that the engine binds in holds what the engine writes there. */
export function isNetworkSettings(path: string, head: Uint8Array, size: number): boolean {
  if (head.length !== size) return false;
  const text = latin1(head);
  if (path === '/etc/hostname') return CONTAINER_ID.test(text);
  return text.split('\n').every((line) => line.length < 1024 && NETWORK_LINE.test(line));
}

/**
 * Whether PHP would run something of a file: a tag (`<?php`, `<?=`, and `<?`, which PHP takes unless its
 * configuration says otherwise) with what can be code behind it. Compressed pictures hold `<?` by chance.
 *
 * @param isWhole whether the file ends with these bytes
 */
export function holdsPhp(head: Uint8Array, isWhole: boolean): boolean {
  const text = latin1(head);
  let looked = 0;
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    if (text[at + 1] !== '?') {
      if (SCRIPT_TAG.test(text.slice(at, at + 96))) return true;
      continue;
    }
    const behind = text.slice(at + 2, at + 6);
    if (/^php(?:\s|$)/i.test(behind)) return true;
    // What stands at the very end of a part may go on as anything.
    if (/^xml[\s-]/i.test(behind) || (!isWhole && at > text.length - TOO_SHORT)) continue;
    const end = endOfPhp(text, at + 2);
    looked += end - at;
    // Tags within what is taken for strings and comments make for many ways to read it: not chance, then.
    if (end === -1 || looked > MOST_READINGS * text.length) return true;
  }
  return false;
}

/** As PHP took it up to version 5. */
const SCRIPT_TAG = /^<script\s[^>]{0,64}language\s{0,8}=\s{0,8}["']?php/i;
const TOO_SHORT = 16;
const MOST_READINGS = 4;

/** Outside of comments and strings PHP takes no control character. */
const NO_PHP = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/**
 * Where text that follows a tag cannot go on as PHP; -1 when it can be PHP up to `?>` or to its end. Reads over
 * comments and strings.
 */
function endOfPhp(text: string, from: number): number {
  const token = /[^"'`#/?\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+|\/\*|\/\/|#|\?>|[\s\S]/y;
  token.lastIndex = from;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === '?>') return -1;
    if (NO_PHP.test(found)) return match.index;
    const end = endOf(found, text, token.lastIndex);
    if (end === null) continue;
    // The rest is a comment or a string, as far as the bytes are known.
    if (end === -1) return -1;
    token.lastIndex = end;
  }
  return -1;
}

/** Where a comment or a string that begins with `opening` ends; -1 when it does not, null when nothing begins. */
function endOf(opening: string, text: string, from: number): number | null {
  if (opening === '/*') return after(text.indexOf('*/', from), 2);
  if (opening === '//' || opening === '#') {
    const end = /[\r\n]|\?>/g;
    end.lastIndex = from;
    return end.exec(text)?.index ?? -1;
  }
  if (opening !== '"' && opening !== "'" && opening !== '`') return null;
  let end = text.indexOf(opening, from);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf(opening, end + 1);
  return after(end, 1);
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - backslashes - 1] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function after(at: number, length: number): number {
  return at === -1 ? -1 : at + length;
}
