/** Runs the demo and puts what it printed into README.md, between its two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../src/host/index.ts';
import { packageRoot } from '../src/kernel/index.ts';

const readme = join(packageRoot, 'README.md');
const opening = '<!-- demo output: recorded by `npm run record-demo` -->';
const closing = '<!-- end of demo output -->';

const result = await run(join(packageRoot, 'bin/pristine'), ['demo'], {
  env: { NO_COLOR: '1' },
  onStderr: (text) => process.stderr.write(text),
});
if (result.code !== 0) {
  console.error(result.stdout);
  throw new Error(`the demo exited with ${result.code}`);
}
const text = readFileSync(readme, 'utf8');
const [before, after] = [text.indexOf(opening), text.indexOf(closing)];
if (before === -1 || after === -1) throw new Error('README.md lacks the markers of the demo output');
const block = `${opening}\n\`\`\`\n${result.stdout.trimEnd()}\n\`\`\`\n`;
writeFileSync(readme, text.slice(0, before) + block + text.slice(after));
