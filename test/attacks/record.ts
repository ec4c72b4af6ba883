/** The recorded results, which docs/attacks.md shows. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/kernel/index.ts';
import { attacksPage, type Results } from './page.ts';

const RESULTS = join(import.meta.dirname, 'results.json');
export const PAGE = join(packageRoot, 'docs/attacks.md');

export function readResults(): Results {
  return JSON.parse(readFileSync(RESULTS, 'utf8'));
}

/** Replaces what was recorded of these attacks or races, and writes the page anew. */
export function record(news: Partial<Results>): void {
  const before = readResults();
  const results = {
    attacks: { ...before.attacks, ...news.attacks },
    races: { ...before.races, ...news.races },
  };
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(PAGE, attacksPage(results));
}
