/** A container to which everything happened that can happen to files; see torture-cases.ts. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BUSYBOX, docker, startContainer, TEST_LABEL, type TestContainer } from './engine.ts';
import { TORTURE_CASES } from './torture-cases.ts';

/** A name of its own for each run of the tests: two may share an engine. */
const IMAGE = `pristine-test-torture:${randomBytes(4).toString('hex')}`;
const LAYERS = 3;

export async function startTortureContainer(): Promise<TestContainer> {
  await buildImage();
  const container = await startContainer({ image: IMAGE, options: ['-v', '/t/volume/made/here'] });
  try {
    await container.sh(changes());
    const pid = Number(await docker('inspect', '-f', '{{.State.Pid}}', container.id));
    for (const [name, { fromHost }] of Object.entries(TORTURE_CASES))
      await fromHost?.(join(`/proc/${pid}/root/t`, name));
    return container;
  } catch (error) {
    await container[Symbol.asyncDispose]();
    throw error;
  }
}

export async function removeTortureImage(): Promise<void> {
  await docker('image', 'rm', '-f', IMAGE);
}

/** What the container does: each case in its own directory, the first failure ends it. */
function changes(): string {
  const parts = Object.entries(TORTURE_CASES).map(([name, { change }]) => inFolder(name, change ?? ''));
  return `set -e\n${parts.join('\n')}\n`;
}

function inFolder(name: string, script: string): string {
  return `cd /t/${name}\n${script}`;
}

async function buildImage(): Promise<void> {
  const steps = Array.from({ length: LAYERS }, (_, layer) => {
    const parts = Object.entries(TORTURE_CASES).map(([name, { layers }]) =>
      inFolder(name, layers?.[layer] ?? ''),
    );
    const folders = Object.keys(TORTURE_CASES).map((name) => `/t/${name}`);
    const first = layer === 0 ? `mkdir -p ${folders.join(' ')}\n` : '';
    const script = `set -e\n${first}${parts.join('\n')}\n`;
    return `RUN echo ${Buffer.from(script).toString('base64')} | base64 -d | sh -e`;
  });
  await build([`FROM ${BUSYBOX}`, `LABEL ${TEST_LABEL}=1`, ...steps].join('\n'));
}

function build(dockerfile: string): Promise<void> {
  const child = spawn('docker', ['build', '--network', 'none', '--force-rm', '-q', '-t', IMAGE, '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  child.stdin.end(dockerfile);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`docker build: ${said}`))));
  });
}
