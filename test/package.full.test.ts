/** The package as its users get it from npm: packed here, installed into an empty folder, and run from there. */
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunResult, run } from '../src/host/index.ts';
import { packageRoot, version } from '../src/kernel/index.ts';
import { startContainer } from './support/engine.ts';
import { RunningGuard, temporaryState } from './support/guard.ts';

/** Compiled JavaScript, what the program reads at run time, and documents for people; packed, in bytes. */
const WANTED =
  /^(bin\/pristine|dist\/(src|range)\/.+\.js|range\/demo\/.+|docs\/[\w.-]+|package\.json|[A-Z]+(\.md)?)$/;
const PACKED_LIMIT = 800_000;

/** As in a user's shell: nothing of this checkout on the PATH, nothing of the npm that runs the tests. */
const env: Record<string, string | undefined> = {
  ...Object.fromEntries(Object.keys(process.env).flatMap((name) => (/^npm_/i.test(name) ? [[name]] : []))),
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(packageRoot))
    .join(delimiter),
};

let folder: string;
let packed: { filename: string; size: number; files: { path: string }[] };
let installed: string;
const pristine = (state: string, ...args: string[]): Promise<RunResult> =>
  run(installed, args, { cwd: folder, env: { ...env, PRISTINE_STATE: state } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pristine-test-package-'));
  const pack = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: packageRoot,
    env,
  });
  expect(pack).toMatchObject({ code: 0 });
  packed = packResult(pack.stdout);
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const install = await run('npm', ['install', ...options, join(folder, packed.filename)], {
    cwd: folder,
    env,
  });
  expect(install).toMatchObject({ code: 0 });
  installed = join(folder, 'node_modules/.bin/pristine');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** npm prints what the scripts print, and then a list (an object by name from npm 12 on) of what it packed. */
function packResult(stdout: string): typeof packed {
  const json = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  return Array.isArray(json) ? json[0] : json['pristine-guard'];
}

test('the package holds what it needs, and nothing of the build stays behind', async () => {
  const paths = packed.files.map(({ path }) => path);
  expect(
    paths.filter((path) => !WANTED.test(path) || /(^|\/)tests?\/|\.test\.|contract\./.test(path)),
  ).toEqual([]);
  expect(paths).toEqual(
    expect.arrayContaining(['dist/src/sensor/fanotify/worker.js', 'range/demo/web/Dockerfile', 'LICENSE']),
  );
  expect(packed.size).toBeLessThan(PACKED_LIMIT);
  expect(await readdir(packageRoot)).not.toContain('dist');
});

test('it runs with the Node.js it pins, and finds what this host allows', async () => {
  using state = temporaryState();
  expect(await pristine(state.path, '--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  const { stdout } = await pristine(state.path, 'doctor');
  expect(stdout).toContain(`Pristine ${version} on Node.js 24.`);
  expect(stdout).toMatch(/^ +sensor +fanotify/m);
});

test('it shows how a container differs from its image', async () => {
  using state = temporaryState();
  await using container = await startContainer();
  expect(await pristine(state.path, 'diff', container.name)).toMatchObject({ code: 0 });
  await container.sh('cp /bin/busybox /usr/bin/dropped');
  const { code, stdout } = await pristine(state.path, 'diff', container.name);
  expect(code).toBe(3);
  expect(stdout).toMatch(/^A +\w+ +\/usr\/bin\/dropped /m);
});

test('its guard hears of a change from the kernel, by its worker thread', async () => {
  using state = temporaryState();
  await using container = await startContainer();
  await using guard = new RunningGuard(state.path, [container.name], env, installed);
  expect(await guard.waitFor('watching')).toMatchObject({ sensor: 'fanotify' });
  await guard.waitFor('ready');
  // Only the kernel's events name the process, and on a busy host not each one that lives for a millisecond.
  await container.sh('for i in $(seq 20); do cp /bin/busybox /usr/bin/dropped-$i; sleep 0.1; done');
  const { finding } = await guard.waitFor('finding', (event) => event.finding.process?.exe !== undefined);
  expect(finding.process?.exe).toBe('/bin/busybox');
  expect(await guard.stop()).toBe(0);
});

test('the files of the demo are there', async () => {
  const demo = 'range/demo';
  const list = async (root: string) => (await readdir(join(root, demo), { recursive: true })).sort();
  expect(await list(join(folder, 'node_modules/pristine-guard'))).toEqual(await list(packageRoot));
});

test('without the Node.js it pins it takes that of the host, unless that is too old', async () => {
  const pinned = join(folder, 'node_modules/.bin/node');
  const own = await realpath(pinned);
  await rm(pinned);
  const host = join(folder, 'host');
  await mkdir(host);
  const answers = async (script: string) => {
    await writeFile(join(host, 'node'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return run(installed, ['--version'], { env: { ...env, PATH: `${host}:${env.PATH}` } });
  };
  expect(await answers('echo v20.19.0')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Node\.js 24 .* needed.*\n {2}do: /),
  });
  expect(await answers(`exec ${own} "$@"`)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});
