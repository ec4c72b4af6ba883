import { Document } from 'yaml';

/**
 * Documents for tools that read YAML 1.1, where `y` and `on` are no strings: every string stands in quotes, and what a
 * terminal would obey as an escape.
 *
 * @param comments lines that hold no control characters
 */
export function yamlText(comments: readonly string[], documents: readonly object[]): string {
  const head = comments.map((line) => `# ${line}\n`).join('');
  return `${head}\n${documents.map(text).join('---\n')}`;
}

function text(value: object): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  return document
    .toString({
      ...{ lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' },
      doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    })
    .replaceAll(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
}
