/** compose.yaml starts the demo's site, by the Compose that is here or by Debian's docker-compose. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installPackages, run } from '../../src/host/index.ts';
import { packageRoot } from '../../src/kernel/index.ts';
import { dockerWith } from '../docker.ts';
import { ensureDemoImages } from '../images/build.ts';
import { plainTask } from '../task.ts';
import { freePort } from './free-port.ts';
import { type Page, visit } from './page.ts';

const project = `pristine-test-${randomBytes(4).toString('hex')}`;
const docker = dockerWith({});
let compose: (...args: string[]) => Promise<string>;

beforeAll(async () => {
  await ensureDemoImages(docker, plainTask(console.error), new AbortController().signal);
  const builtIn = (await run('docker', ['compose', 'version'])).code === 0;
  if (!builtIn) await installPackages(['docker-compose'], 'the test of compose.yaml', console.error);
  const env = { PORT: String(await freePort()), MYSQL_ROOT_PASSWORD: randomBytes(8).toString('hex') };
  compose = async (...args) => {
    const all = ['-p', project, '-f', join(packageRoot, 'range/demo/compose.yaml'), ...args];
    const [command, ...words] = builtIn ? ['docker', 'compose', ...all] : ['docker-compose', ...all];
    const result = await run(command, words, { env });
    if (result.code !== 0) throw new Error(result.stderr);
    return result.stdout;
  };
});

afterAll(async () => {
  await compose('down', '--volumes', '--rmi', 'local');
});

test('the composed system greets, links and shows its guests on the loopback address', async () => {
  await compose('up', '--detach', '--build');
  const address = (await compose('port', 'web', '80')).trim();
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  let page: Page = await visit(`http://${address}`);
  for (let i = 0; i < 50 && page.status !== 200; i++) {
    await sleep(200);
    page = await visit(`http://${address}`);
  }
  expect(page.hostname).not.toBeNull();
  expect(page.links).toHaveLength(1);
  expect(page.guests.map(([name]) => name)).toEqual(['Ada', 'Grace', 'Ken', 'Radia']);
});
