/** Random harm to a bundle, an exported bundle or a ledger, and the name under which it must be reported. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export type Random = (below: number) => number;

/** Numbers from a seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below) | 0;
  };
}

export interface Harm {
  /** What was done, for the message of a failing test. */
  readonly what: string;
  /** Whether one of the reported subjects names it. */
  readonly named: (subject: string) => boolean;
}

export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Files with two names share their bytes: harm to one is harm to the other. */
const nameOf = (path: string) => (subject: string) =>
  path === 'ledger.jsonl' ? subject.startsWith('ledger') : subject === path;

export function harmBundle(folder: string, random: Random): Harm {
  const files = filesIn(folder);
  const pick = () => files[random(files.length)] ?? '';
  const filled = () => {
    for (;;) {
      const path = pick();
      if (readFileSync(join(folder, path)).length > 0) return path;
    }
  };
  const kind = random(100);
  if (kind < 45) return flipBit(folder, filled(), random);
  if (kind < 60) {
    const path = filled();
    const { length } = readFileSync(join(folder, path));
    const left = random(length);
    truncateSync(join(folder, path), left);
    return { what: `cut ${path} from ${length} to ${left}`, named: nameOf(path) };
  }
  if (kind < 72) {
    const path = pick();
    rmSync(join(folder, path));
    return { what: `delete ${path}`, named: nameOf(path) };
  }
  if (kind < 84) return addSomething(folder, random);
  if (kind < 90) return shuffleLines(folder, random);
  if (kind < 95) {
    const path = pick();
    writeFileSync(join(folder, path), Buffer.from([random(256)]), { flag: 'a' });
    return { what: `append to ${path}`, named: nameOf(path) };
  }
  const path = pick();
  cpSync(join(folder, path), join(folder, '../moved'));
  rmSync(join(folder, path));
  symlinkSync('../moved', join(folder, path));
  return { what: `${path} becomes a link`, named: nameOf(path) };
}

export function flipBit(folder: string, path: string, random: Random): Harm {
  const bytes = readFileSync(join(folder, path));
  const at = random(bytes.length);
  const bit = random(8);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(join(folder, path), bytes);
  return { what: `flip bit ${bit} of byte ${at} of ${path}`, named: nameOf(path) };
}

function addSomething(folder: string, random: Random): Harm {
  const parent = ['', 'items/', 'blobs/', 'blobs/sha256/'][random(4)] ?? '';
  const path = `${parent}added-${random(1000)}`;
  const full = join(folder, path);
  const kind = random(5);
  if (kind === 0) writeFileSync(full, 'x');
  else if (kind === 1) mkdirSync(full);
  else if (kind === 2) symlinkSync('/etc/shadow', full);
  else if (kind === 3) execFileSync('mkfifo', [full]);
  else linkSync(join(folder, 'SHA256SUMS'), full);
  return { what: `add ${path} (kind ${kind})`, named: (subject) => subject === path };
}

function shuffleLines(folder: string, random: Random): Harm {
  const path = ['SHA256SUMS', 'ledger.jsonl'][random(2)] ?? '';
  const lines = readFileSync(join(folder, path), 'utf8').split('\n').slice(0, -1);
  const [from, to] = [random(lines.length), random(lines.length)];
  const other = from === to ? (to + 1) % lines.length : to;
  [lines[from], lines[other]] = [lines[other] ?? '', lines[from] ?? ''];
  writeFileSync(join(folder, path), `${lines.join('\n')}\n`);
  return { what: `swap lines ${from} and ${other} of ${path}`, named: nameOf(path) };
}

/** Harm to `ledger.jsonl` or `ledger.head` in a state directory. */
export function harmLedger(folder: string, random: Random): Harm {
  const path = join(folder, 'ledger.jsonl');
  const bytes = readFileSync(path);
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  const kind = random(8);
  if (kind === 0) return flipBit(folder, 'ledger.head', random);
  if (kind === 1) {
    rmSync(join(folder, 'ledger.head'));
    return { what: 'delete ledger.head', named: (subject) => subject === 'ledger.head' };
  }
  if (kind === 2) {
    const left = random(bytes.length);
    truncateSync(path, left);
    return { what: `cut ledger.jsonl to ${left}`, named: (subject) => subject.startsWith('ledger') };
  }
  const at = random(lines.length);
  if (kind === 3) return rewrite(path, `delete entry ${at}`, lines.toSpliced(at, 1), at);
  if (kind === 4) return rewrite(path, `double entry ${at}`, lines.toSpliced(at, 0, lines[at] ?? ''), at);
  if (kind === 5) {
    const other = (at + 1 + random(lines.length - 1)) % lines.length;
    const swapped = lines.with(at, lines[other] ?? '').with(other, lines[at] ?? '');
    return rewrite(path, `swap entries ${at} and ${other}`, swapped, Math.min(at, other));
  }
  const start = lines.slice(0, at).reduce((total, line) => total + Buffer.byteLength(line) + 1, 0);
  const offset = start + random(Buffer.byteLength(lines[at] ?? '') + 1);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << random(8));
  writeFileSync(path, bytes);
  const near = new Set([`ledger:${at}`, `ledger:${at + 1}`, 'ledger', 'ledger.head']);
  return { what: `flip a bit of entry ${at}`, named: (subject) => near.has(subject) };
}

function rewrite(path: string, what: string, lines: readonly string[], at: number): Harm {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  const near = new Set([`ledger:${at}`, `ledger:${at + 1}`]);
  return { what, named: (subject) => near.has(subject) };
}
