/** Writes docs/rules.md from the catalogue of rules, and docs/config.schema.json from the configuration's schema. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema, rulesPage } from '../src/drift/index.ts';
import { packageRoot } from '../src/kernel/index.ts';

writeFileSync(join(packageRoot, 'docs/rules.md'), rulesPage());
writeFileSync(join(packageRoot, 'docs/config.schema.json'), configJsonSchema());
