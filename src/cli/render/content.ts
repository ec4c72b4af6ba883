import type { ContentDiff, ContentSummary } from '../../app/index.ts';
import { encodePathBytes, printable } from '../../kernel/index.ts';
import { humanSize } from './human.ts';
import type { Output } from './output.ts';
import type { Style } from './style.ts';

/** A file against the image's: a patch, as it is when it goes to a program, made printable on a terminal. */
export function printContent(out: Output, diff: ContentDiff): void {
  if (diff.kind === 'summary') {
    out.line(diff.path, ': not text, or too large to compare line by line');
    printSummary(out, 'image    ', diff.before);
    printSummary(out, 'container', diff.after);
  } else if (!out.isTerminal) {
    out.raw(diff.patch);
  } else {
    for (const line of diff.patch.trimEnd().split('\n')) out.code(line, patchStyle(line));
  }
}

function printSummary(out: Output, title: string, summary: ContentSummary | null): void {
  if (summary === null) {
    out.line('  ', title, '  no such file');
    return;
  }
  const { size, sha256, format } = summary;
  out.line('  ', title, `  ${format}, ${humanSize(size)}`, sha256 === undefined ? '' : `, sha256 ${sha256}`);
}

function patchStyle(line: string): Style | undefined {
  if (line.startsWith('+++') || line.startsWith('---')) return 'bold';
  if (line.startsWith('+')) return 'green';
  if (line.startsWith('-')) return 'red';
  return line.startsWith('@@') ? 'cyan' : undefined;
}

/** Lines as docker diff prints them, with the bytes of names as they are unless a terminal would act on them. */
export function printDockerLines(out: Output, lines: readonly string[]): void {
  for (const line of lines) out.raw(out.isTerminal ? `${printable(line)}\n` : encodePathBytes(`${line}\n`));
}
