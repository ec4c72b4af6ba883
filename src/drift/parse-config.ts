import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Config, configSchema } from '../contract/index.ts';
import { messageOf, PristineError, printable } from '../kernel/index.ts';
import { RULES } from './catalogue.ts';
import { didYouMean } from './config-keys.ts';
import { DENIAL_RULES } from './denials.ts';
import { knownKeys } from './schema-keys.ts';

/** Far more than any configuration holds, and little enough to parse at once. */
const MAX_CHARACTERS = 1_000_000;
const NEXT = 'Correct the file; docs/configuration.md lists every key.';

/**
 * Reads a configuration file (YAML 1.2).
 *
 * @param source name of the file, for messages
 * @throws {PristineError} E_CONFIG_INVALID naming file, line, path of the key and, for an unknown one, the
 *   nearest known
 */
export function parseConfig(text: string, source: string): Config {
  if (text.length > MAX_CHARACTERS)
    throw invalid(source, null, `it is longer than ${MAX_CHARACTERS} characters`);
  const lines = new LineCounter();
  const document = readYaml(text, source, lines);
  const value = toPlain(document, source);
  const parsed = configSchema.safeParse(value ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    if (issue !== undefined) throw issueError(issue, document, lines, source);
  }
  if (parsed.data === undefined) throw invalid(source, null, 'it is not understood');
  checkRules(parsed.data, document, lines, source);
  return parsed.data;
}

function readYaml(text: string, source: string, lines: LineCounter): Document {
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const error = document.errors[0];
    if (error === undefined) return document;
    throw invalid(
      source,
      lines.linePos(error.pos[0]).line,
      `it is not valid YAML: ${printable(error.message)}`,
    );
  } catch (error) {
    if (error instanceof PristineError) throw error;
    // The parser recurses: deep nesting ends in a RangeError of the stack.
    throw invalid(source, null, `it is not valid YAML: ${messageOf(error)}`, error);
  }
}

function toPlain(document: Document, source: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalid(source, null, `its aliases cannot be resolved: ${messageOf(error)}`, error);
  }
}

function issueError(
  issue: z.core.$ZodIssue,
  document: Document,
  lines: LineCounter,
  source: string,
): PristineError {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const hint = didYouMean(key, knownKeys(configSchema, path));
    return invalid(
      source,
      lineOf(document, lines, [...path, key]),
      `${dotted([...path, key])} is not a known key.${hint}`,
    );
  }
  const line = lineOf(document, lines, path);
  const missing = path.length === 0 ? 'the file' : dotted(path);
  const wrong = issue.code === 'invalid_value' ? valueHint(document, path, issue.values) : '';
  return invalid(source, line, `${missing} is wrong: ${printable(issue.message)}.${wrong}`);
}

function valueHint(
  document: Document,
  path: readonly (string | number)[],
  values: readonly unknown[],
): string {
  const given = document.getIn(path);
  return typeof given === 'string'
    ? didYouMean(
        given,
        values.filter((value) => typeof value === 'string'),
      )
    : '';
}

function checkRules(config: Config, document: Document, lines: LineCounter, source: string): void {
  const refusals: string[] = DENIAL_RULES.map(({ id }) => id);
  const ids = [...RULES.map(({ id }) => id), ...refusals];
  const named: [path: (string | number)[], id: string][] = [
    ...(config.rules?.disable ?? []).map((id, index): [(string | number)[], string] => [
      ['rules', 'disable', index],
      id,
    ]),
    ...Object.keys(config.rules?.severity ?? {}).map((id): [string[], string] => [
      ['rules', 'severity', id],
      id,
    ]),
  ];
  for (const [path, id] of named) {
    const cannotBeDisabled = path[1] === 'disable' && refusals.includes(id);
    if (ids.includes(id) && !cannotBeDisabled) continue;
    const problem = cannotBeDisabled
      ? `${dotted(path)}: ${id} tells of refusals and cannot be disabled; an exception allows the file instead`
      : `${dotted(path)}: there is no rule “${printable(id)}”.${didYouMean(id, ids)}`;
    throw invalid(source, lineOf(document, lines, path), problem);
  }
}

/** Line of the key at a path, or of the nearest thing around it that exists; null when nothing does. */
function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number | null {
  for (let length = path.length; length >= 0; length--) {
    const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const key = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(last))?.key
      : undefined;
    const node = key ?? (length === 0 ? parent : document.getIn(path.slice(0, length), true));
    const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range;
    if (range !== undefined && range !== null) return lines.linePos(range[0]).line;
  }
  return null;
}

function dotted(path: readonly (string | number)[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${printable(part.slice(0, 200))}`))
    .join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

function invalid(source: string, line: number | null, problem: string, cause?: unknown): PristineError {
  const place = line === null ? source : `${source}:${line}`;
  const sentence = /[.?]$/.test(problem) ? problem : `${problem}.`;
  return new PristineError('E_CONFIG_INVALID', `${place}: ${sentence}`, { next: NEXT, cause });
}
