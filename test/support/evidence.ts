/** A suspect container and its capture, for tests of evidence. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, findEngine } from '../../src/engine/index.ts';
import { type CapturedBundle, captureEvidence } from '../../src/evidence/index.ts';
import { systemClock } from '../../src/kernel/index.ts';
import { createOverlayReader } from '../../src/sensor/index.ts';

export interface TestState extends Disposable {
  readonly path: string;
}

/** A state directory that is removed at the end of the scope. */
export function testState(): TestState {
  const path = mkdtempSync(join(tmpdir(), 'pristine-state-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function testEngine(stateDirectory: string): Promise<Engine> {
  return findEngine({ env: process.env, stateDirectory });
}

/** Captures a container by hand into a state directory. */
export async function captureContainer(
  id: string,
  stateDirectory: string,
  options: Partial<Parameters<typeof captureEvidence>[0]> = {},
): Promise<CapturedBundle> {
  const engine = options.engine ?? (await testEngine(stateDirectory));
  return captureEvidence({
    engine,
    details: await engine.inspect(id),
    reader: createOverlayReader(),
    incident: null,
    timeline: [],
    frozen: false,
    stateDirectory,
    clock: systemClock,
    ...options,
  });
}
