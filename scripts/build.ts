/**
 * Compiles the program to JavaScript in dist/ for the npm package: Node.js strips no types below node_modules.
 * Only what the entries of tsconfig.build.json lead to is compiled, so no tests and no tools of this checkout.
 * Called by npm as `prepack`; `postpack` removes dist/ again.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/kernel/index.ts';

const dist = join(packageRoot, 'dist');
// What an earlier build left would be shipped too.
rmSync(dist, { recursive: true, force: true });
const { status, error } = spawnSync('tsc', ['--project', 'tsconfig.build.json'], {
  cwd: packageRoot,
  stdio: 'inherit',
});
if (error !== undefined) throw error;
if (status !== 0) rmSync(dist, { recursive: true, force: true });
process.exitCode = status ?? 1;
