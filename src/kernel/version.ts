import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder that holds package.json, in a checkout and in an installed package alike. */
export const packageRoot: string = findPackageRoot();

/** Version of this Pristine, from its package.json. */
export const version: string = readVersion();

function findPackageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    if (readPackage(folder)?.name === 'pristine-guard') return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json of pristine-guard not found above its own code');
    folder = parent;
  }
}

function readVersion(): string {
  return readPackage(packageRoot)?.version ?? '0.0.0';
}

function readPackage(folder: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
