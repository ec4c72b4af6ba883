import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { describeEngine } from '../../../test/support/engine-contract.ts';
import { findEngine } from '../discovery/find-engine.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-engine-'));
afterAll(() => rmSync(stateDirectory, { recursive: true, force: true }));

describeEngine('Docker', () => findEngine({ env: process.env, stateDirectory }));
