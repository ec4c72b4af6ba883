/** Containers that hardening cannot do much for, must not harm, or knows little of. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureServiceImage, file, withPackages } from '../range/index.ts';
import { type HardeningPlan, hardeningPlanSchema } from '../src/contract/index.ts';
import { installPackages, run } from '../src/host/index.ts';
import { packageRoot } from '../src/kernel/index.ts';
import { docker, startContainer, testLabel } from './support/engine.ts';
import { temporaryState } from './support/guard.ts';

async function planOf(name: string, state: string, ...options: string[]): Promise<HardeningPlan> {
  const words = ['harden', name, '--json', ...options];
  const env = { PRISTINE_STATE: state };
  const { stdout, stderr } = await run(join(packageRoot, 'bin/pristine'), words, { env });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return hardeningPlanSchema.parse(JSON.parse(stdout));
}

/** What must not change of a live container: that it is the same one, and was never stopped. */
function lifeOf(id: string): Promise<string> {
  return docker('inspect', '-f', '{{.Id}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}', id);
}

/** What `docker diff` lists, whose order is that of no two calls. */
async function driftOf(id: string): Promise<string[]> {
  return (await docker('diff', id)).split('\n').sort();
}

const SELF_CHANGING = `import http.server
VISITS = 0

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global VISITS
        VISITS += 1
        text = open(__file__).read().split("\\n", 2)
        open(__file__, "w").write("\\n".join([text[0], f"VISITS = {VISITS}", text[2]]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"visit {VISITS}".encode())

http.server.ThreadingHTTPServer(("", 8080), Page).serve_forever()
`;

test('an application that writes to its own code is told so', async () => {
  using state = temporaryState();
  const dockerfile = withPackages(
    'python3-minimal libpython3-stdlib',
    file('/srv/shop/app.py', SELF_CHANGING),
  );
  const { reference } = await ensureServiceImage({ name: 'self-changing', dockerfile });
  await using live = await startContainer({
    image: reference,
    options: ['--network', 'bridge', '--init'],
    command: ['python3', '/srv/shop/app.py'],
  });
  const plan = await planOf(live.name, state.path, '--http', '8080/');
  const said = [...plan.remarks, ...plan.proof.failures].join('\n');
  expect(said).toMatch(/writes to its own code, \/srv\/shop\/app\.py/);
  // Either it cannot be proven, or just the folder of its code stays writable, and its content is the image's at first.
  const { mounts, readOnlyRoot } = plan.configuration;
  expect({ proven: plan.proof.proven, readOnlyRoot }).toEqual({ proven: true, readOnlyRoot: true });
  const holding = mounts.filter(({ path }) => '/srv/shop/app.py'.startsWith(`${path}/`));
  expect(holding).toMatchObject([{ path: '/srv/shop', kind: 'volume', hydrated: true }]);
  expect(await docker('exec', live.id, 'grep', '-m1', 'VISITS', '/srv/shop/app.py')).toBe('VISITS = 0');
});

/** Names, contents, owners, modes and times of all files below a folder. */
function treeHash(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    const { mode, uid, gid, mtimeMs, size } = statSync(path);
    hash.update(JSON.stringify([name, mode, uid, gid, mtimeMs, size]));
    if ((mode & 0o170000) === 0o100000) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Appends what it is sent to its data, and serves it. */
const STORE = `
  mkdir -p /run /data/cgi-bin; [ -e /data/rows ] || seq 100000 > /data/rows
  printf '#!/bin/sh\\necho; cat >> /data/rows; sync\\n' > /data/cgi-bin/add; chmod 755 /data/cgi-bin/add
  echo $$ > /run/store.pid; trap 'exit 0' TERM
  httpd -p 8080 -h /data; while :; do sleep 0.2; done`;

test('a database with live data stays as it is, to the byte, and runs on', async () => {
  using state = temporaryState();
  await using live = await startContainer({
    options: ['-v', '/data', '--network', 'bridge'],
    command: ['sh', '-c', STORE],
  });
  await live.sh(
    'until wget -qO /dev/null http://127.0.0.1:8080/rows; do sleep 0.1; done; echo live >> /data/rows',
  );
  const source = await docker('inspect', '-f', '{{(index .Mounts 0).Source}}', live.id);
  const [data, life] = [treeHash(source), await lifeOf(live.id)];
  const diff = await driftOf(live.id);
  const workload = `wget -qO- http://$PRISTINE_PORT_8080/rows | grep -qx live && docker exec $PRISTINE_CONTAINER sh -c "echo destroyed > /data/rows; echo live >> /data/rows"`;
  const plan = await planOf(live.name, state.path, '--workload', workload);
  expect(plan.proof).toMatchObject({ proven: true, failures: [] });
  expect(treeHash(source)).toBe(data);
  expect(await lifeOf(live.id)).toBe(life);
  expect(await driftOf(live.id)).toEqual(diff);
  // The hash sees a change of one byte.
  await live.sh('printf x >> /data/rows');
  expect(treeHash(source)).not.toBe(data);
});

test('a container that is read-only already keeps its tmpfs, and its capabilities are reduced', async () => {
  using state = temporaryState();
  await using live = await startContainer({
    options: ['--read-only', '--tmpfs', '/run', '--network', 'bridge'],
    command: [
      'sh',
      '-c',
      'trap exit TERM; echo 1 > /run/pid; httpd -p 8080 -h /run; while :; do sleep 0.2; done',
    ],
  });
  const plan = await planOf(live.name, state.path, '--http', '8080/pid');
  expect(plan.proof).toMatchObject({ proven: true, failures: [] });
  expect(plan.configuration).toMatchObject({ readOnlyRoot: true, capabilities: [], noNewPrivileges: true });
  expect(plan.configuration.mounts.filter(({ path }) => path !== '/run')).toEqual([]);
});

test('a privileged container: read-only, and told that its privileges are the hole', async () => {
  using state = temporaryState();
  const command = [
    'sh',
    '-c',
    'trap exit TERM; echo 1 > /tmp/pid; httpd -p 8080 -h /tmp; while :; do sleep 0.2; done',
  ];
  const options = ['--privileged', '--network', 'bridge'];
  await using live = await startContainer({ options, command, start: false });
  // An engine without all capabilities itself, as one in a container, cannot start it: then no copy of it either.
  const started = await run('docker', ['start', live.id]);
  if (started.code !== 0) {
    expect(started.stderr).toContain('operation not permitted');
    await expect(planOf(live.name, state.path)).rejects.toThrow(/operation not permitted/);
    expect(await docker('ps', '-aq', '--filter', `label=pristine.copies-of=${live.id}`)).toBe('');
    expect(await docker('inspect', '-f', '{{.State.Status}}', live.id)).toBe('created');
    return;
  }
  const plan = await planOf(live.name, state.path, '--http', '8080/pid');
  expect(plan.proof).toMatchObject({ proven: true, failures: [] });
  expect(plan.configuration).toMatchObject({ readOnlyRoot: true, capabilities: null });
  expect(plan.remarks.join('\n')).toMatch(/--privileged/);
});

test('an image without a shell, which holds one static program, is hardened too', async () => {
  using state = temporaryState();
  const image = 'pristine-test-no-shell:1';
  const context = join(state.path, 'image');
  await installPackages(['busybox-static'], 'the image without a shell', () => {});
  mkdirSync(context);
  // Busybox does what its name says: as "httpd" it is a web server, and there is no other name.
  cpSync('/bin/busybox', join(context, 'httpd'));
  writeFileSync(join(context, 'index.html'), 'a page');
  const dockerfile =
    'FROM scratch\nCOPY httpd /httpd\nCOPY index.html /www/\nCMD ["/httpd","-f","-p","8080","-h","/www"]\n';
  writeFileSync(join(context, 'Dockerfile'), dockerfile);
  await docker('build', '-q', '--label', testLabel(), '-t', image, context);
  try {
    const options = ['--network', 'bridge', '--init'];
    await using live = await startContainer({ image, options, command: [] });
    const plan = await planOf(live.name, state.path, '--http', '8080/index.html');
    expect(plan.proof).toMatchObject({ proven: true, failures: [] });
    expect(plan.configuration).toMatchObject({ readOnlyRoot: true, mounts: [], capabilities: [] });
    const shell = await run('docker', ['exec', live.id, 'sh', '-c', 'true']);
    expect(`${shell.code} ${shell.stdout}${shell.stderr}`).toMatch(/^12[67] .*(no such file|not found)/is);
  } finally {
    await docker('image', 'rm', '-f', image);
  }
});
