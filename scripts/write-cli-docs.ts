/** Writes docs/cli.md from the help texts of the command line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliDocs } from '../src/cli/docs.ts';
import { packageRoot } from '../src/kernel/index.ts';

writeFileSync(join(packageRoot, 'docs/cli.md'), cliDocs());
