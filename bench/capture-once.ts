/**
 * One sample of the benchmarks of captures: keeps a container's evidence, or commits it to an image, after the same
 * was done with another one, so that programs are loaded and connections made. Prints `{ ms, peakMb, image }`.
 *
 * Usage: node bench/capture-once.ts capture|commit STATE_DIRECTORY WARM_UP_CONTAINER CONTAINER
 */
import { readFileSync } from 'node:fs';
import { createApp } from '../src/app/index.ts';
import { findEngine } from '../src/engine/index.ts';
import { createLogger } from '../src/kernel/index.ts';

const [how = '', stateDirectory = '', warmUp = '', container = ''] = process.argv.slice(2);
const { env } = process;
const images: string[] = [];

async function worker(): Promise<(reference: string) => Promise<void>> {
  if (how === 'commit') {
    const engine = await findEngine({ env, stateDirectory });
    return async (reference) => void images.push(await engine.commit(reference, {}));
  }
  const app = createApp({ stateDirectory, env, logger: createLogger('error') });
  return async (reference) => {
    const { bundle } = await app.capture(reference, { freeze: false, onProgress: () => {} });
    if (bundle === '') throw new Error('there is no bundle');
  };
}

const work = await worker();
await work(warmUp);
const begun = performance.now();
await work(container);
const ms = performance.now() - begun;
console.log(JSON.stringify({ ms, peakMb: peakMemoryMb(), images }));
// The engine's connections are kept alive.
process.exit();

/** Highest resident memory so far (proc(5): VmHWM). */
function peakMemoryMb(): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}
