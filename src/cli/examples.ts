/** The examples at the end of a command's help: each a command line and what it is for. */
export function examples(...lines: [commandLine: string, purpose: string][]): string {
  const width = Math.max(...lines.map(([commandLine]) => commandLine.length));
  const text = lines.map(([commandLine, purpose]) => `  ${commandLine.padEnd(width)}  ${purpose}`);
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${text.join('\n')}`;
}
