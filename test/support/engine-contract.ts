/** What every adapter of the engine port must do; each adapter's test calls this with its engine. */
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, EngineEvent } from '../../src/engine/index.ts';
import { BUSYBOX, docker, startContainer, testLabel } from './engine.ts';

/** Parts of the port that an adapter may lack; named, so that the gap is seen. */
export type Optional = 'commit' | 'pastEvents' | 'readPath' | 'images';

export function describeEngine(
  name: string,
  makeEngine: () => Promise<Engine>,
  unsupported: readonly Optional[] = [],
): void {
  const optional = (part: Optional) => (unsupported.includes(part) ? test.skip : test);
  let engine: Engine;
  beforeAll(async () => {
    engine = await makeEngine();
  });

  describe(`${name}: looking`, () => {
    test('describes itself', () => {
      expect(engine.info.version).toMatch(/^\d+\./);
      expect(engine.info.kernel).not.toBe('');
    });

    test('lists and inspects a container under its name, id and id prefix', async () => {
      await using container = await startContainer({
        options: [
          '-e',
          'A=b',
          '--cap-add',
          'NET_ADMIN',
          '--security-opt',
          'no-new-privileges',
          '--tmpfs',
          '/t',
        ],
      });
      const listed = (await engine.list()).find(({ id }) => id === container.id);
      expect(listed).toMatchObject({ name: container.name, image: BUSYBOX, status: 'running' });
      for (const reference of [container.name, container.id, container.id.slice(0, 12)]) {
        expect((await engine.inspect(reference)).id).toBe(container.id);
      }
      const details = await engine.inspect(container.name);
      expect(details).toMatchObject({
        name: container.name,
        image: BUSYBOX,
        imageId: listed?.imageId,
        exitCode: null,
        health: 'none',
        workingDirectory: '/',
        networks: ['none'],
        security: { capAdd: ['NET_ADMIN'], noNewPrivileges: true, privileged: false, readOnlyRoot: false },
      });
      expect(details.pid).toBeGreaterThan(0);
      expect(details.entrypoint[0]).toBe('sh');
      expect(details.security.environment).toContain('A=b');
      expect(details.mounts).toContainEqual({
        kind: 'tmpfs',
        destination: '/t',
        source: null,
        volume: null,
        writable: true,
      });
    });

    test('names the nearest container when there is none of that name', async () => {
      await using container = await startContainer();
      const wrong = container.name.replace('pristine', 'pirstine');
      await expect(engine.inspect(wrong)).rejects.toMatchObject({
        code: 'E_NO_SUCH_CONTAINER',
        next: expect.stringContaining(container.name),
      });
    });

    test.each(['', '../images/json', 'a b', 'x?all=1', '-f'])(
      'takes %j for no container at all',
      async (odd) => {
        await expect(engine.inspect(odd)).rejects.toMatchObject({ code: 'E_NO_SUCH_CONTAINER' });
      },
    );

    test('says when an id prefix fits several containers', async () => {
      const made: string[] = [];
      const shared = () => made.map((id) => id.charAt(0)).find((digit, at, all) => all.indexOf(digit) !== at);
      try {
        // Seventeen ids cannot all begin with different digits of sixteen.
        while (shared() === undefined && made.length < 17) {
          made.push(await docker('create', '--label', testLabel(), BUSYBOX, 'true'));
        }
        await expect(engine.inspect(shared() ?? '')).rejects.toMatchObject({ code: 'E_AMBIGUOUS_CONTAINER' });
      } finally {
        await docker('rm', ...made);
      }
    });

    test('lists changes, and gives output with time stamps', async () => {
      await using container = await startContainer({
        command: ['sh', '-c', 'echo out; echo err >&2; echo x > /new; rm /etc/gone; sleep 60'],
      });
      await expect.poll(() => engine.changes(container.id)).toContainEqual({ kind: 'A', path: '/new' });
      const lines = (await text(await engine.logs(container.id))).trim().split('\n');
      expect(lines.map((line) => line.split(' ')[1]).sort()).toEqual(['err', 'out', 'rm:'].sort());
      expect(Date.parse(lines[0]?.split(' ')[0] ?? '')).toBeGreaterThan(Date.now() - 60_000);
    });

    test('lists no changes of a container without any', async () => {
      await using container = await startContainer();
      expect(await engine.changes(container.id)).toEqual([]);
    });

    optional('readPath')('reads a path as a tar, and says when it is not there', async () => {
      await using container = await startContainer();
      await container.sh('echo content > /file');
      const unpack = extract();
      const contents: string[] = [];
      unpack.on('entry', (_header, stream, next) => {
        void text(stream).then((content) => {
          contents.push(content);
          next();
        });
      });
      const done = new Promise<void>((resolve) => unpack.on('finish', () => resolve()));
      (await engine.readPath(container.id, '/file')).pipe(unpack);
      await done;
      expect(contents).toEqual(['content\n']);
      await expect(engine.readPath(container.id, '/none')).rejects.toMatchObject({ code: 'E_NO_SUCH_PATH' });
    });
  });

  describe(`${name}: events`, () => {
    test('arrive from the call of watch on, until aborted', async () => {
      const stop = new AbortController();
      const events = engine.watch(stop.signal);
      await using container = await startContainer();
      await docker('pause', container.id);
      const seen: EngineEvent[] = [];
      for await (const event of events) {
        if (event.containerId !== container.id) continue;
        seen.push(event);
        if (event.kind === 'pause') stop.abort();
      }
      const kinds = seen.map(({ kind }) => kind).filter((kind) => kind !== 'connect');
      expect(kinds).toEqual(['create', 'start', 'pause']);
      expect(seen[0]?.name).toBe(container.name);
    });

    optional('pastEvents')('of one container in the past', async () => {
      const since = new Date(Date.now() - 1000).toISOString();
      await using container = await startContainer();
      await container.sh('true');
      const past = await engine.pastEvents(container.id, since, new Date(Date.now() + 1000).toISOString());
      expect(past.map(({ kind }) => kind)).toContain('start');
      expect(past.map(({ action }) => action)).toContain('exec_start: sh -c true');
      expect(past.every(({ containerId }) => containerId === container.id)).toBe(true);
    });
  });

  describe(`${name}: freezing and destroying`, () => {
    test('freeze stops processes and takes the network; thaw gives both back', async () => {
      await using container = await startContainer({
        options: ['--network', 'bridge', '-p', '127.0.0.1::80'],
        command: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /tick; sleep 0.05; done'],
      });
      const before = await engine.inspect(container.id);
      const frozen = await engine.freeze(container.id);
      expect(frozen).toEqual({ wasPaused: false, networks: ['bridge'] });
      const after = await engine.inspect(container.id);
      expect(after.status).toBe('paused');
      expect(await engine.freeze(container.id), 'a second time').toEqual(frozen);
      expect({ networks: after.networks, ports: after.ports }).toEqual({
        networks: before.networks,
        ports: before.ports,
      });
      expect(await docker('inspect', '-f', '{{json .NetworkSettings.Networks}}', container.id)).toBe('{}');

      await engine.thaw(container.id, frozen);
      await engine.thaw(container.id, frozen);
      expect(await engine.inspect(container.id)).toMatchObject({ status: 'running', networks: ['bridge'] });
      await container.sh('a=$(cat /tick); sleep 0.3; [ "$a" != "$(cat /tick)" ]');
    });

    test('thaw leaves a container paused that was paused before', async () => {
      await using container = await startContainer();
      await docker('pause', container.id);
      const frozen = await engine.freeze(container.id);
      expect(frozen).toEqual({ wasPaused: true, networks: [] });
      await engine.thaw(container.id, frozen);
      expect((await engine.inspect(container.id)).status).toBe('paused');
    });

    test('freeze ends a container that crashes again and again', async () => {
      await using container = await startContainer({
        options: ['--restart', 'always'],
        command: ['sh', '-c', 'exit 1'],
      });
      await expect.poll(async () => (await engine.inspect(container.id)).status).toBe('restarting');
      expect((await engine.freeze(container.id)).wasPaused).toBe(false);
      expect((await engine.inspect(container.id)).status).toBe('exited');
    });

    test('destroy ends a frozen container at once, with volumes that nobody else has', async () => {
      const container = await startContainer({ options: ['-v', '/alone', '-v', '/shared'] });
      const { mounts } = await engine.inspect(container.id);
      const volumeAt = (path: string) => mounts.find(({ destination }) => destination === path)?.volume ?? '';
      await using _other = await startContainer({ options: ['-v', `${volumeAt('/shared')}:/s`] });
      await engine.freeze(container.id);
      const start = Date.now();
      await engine.destroy(container.id);
      expect(Date.now() - start).toBeLessThan(5000);
      await engine.destroy(container.id);
      await expect(engine.inspect(container.id)).rejects.toMatchObject({ code: 'E_NO_SUCH_CONTAINER' });
      const volumes = (await docker('volume', 'ls', '-q')).split('\n');
      expect(volumes).toContain(volumeAt('/shared'));
      expect(volumes).not.toContain(volumeAt('/alone'));
    });

    test('destroy waits for a removal that is under way', async () => {
      const container = await startContainer({ options: ['--rm'] });
      const both = [engine.destroy(container.id), engine.destroy(container.id)];
      await Promise.race(both);
      await expect(engine.inspect(container.id)).rejects.toMatchObject({ code: 'E_NO_SUCH_CONTAINER' });
      await Promise.all(both);
    });

    test('health: steady without a check, as the check says with one, and the last words of what failed', async () => {
      await using steady = await startContainer();
      await engine.waitHealthy(steady.id, 10_000);
      const check = ['--health-interval', '200ms', '--health-retries', '1', '--health-cmd'];
      await using well = await startContainer({ options: [...check, 'true'] });
      await engine.waitHealthy(well.id, 10_000);
      expect((await engine.inspect(well.id)).health).toBe('healthy');
      await using ill = await startContainer({ options: [...check, 'false'] });
      await expect(engine.waitHealthy(ill.id, 10_000)).rejects.toMatchObject({ code: 'E_UNHEALTHY' });
      await using gone = await startContainer({
        command: ['sh', '-c', 'echo "no \u001b[31mconfig"; exit 3'],
      });
      await expect(engine.waitHealthy(gone.id, 10_000)).rejects.toMatchObject({
        code: 'E_UNHEALTHY',
        message: expect.stringMatching(/ended with code 3.*no \\x1b\[31mconfig/),
      });
    });
  });

  describe(`${name}: images`, () => {
    optional('commit')('commit keeps the filesystem under labels of ours', async () => {
      await using container = await startContainer();
      await container.sh('echo x > /evidence');
      const image = await engine.commit(container.id, { note: 'a "quoted" word', ...labelPair() });
      try {
        expect(await docker('run', '--rm', '--network', 'none', image, 'cat', '/evidence')).toBe('x');
        expect(await docker('inspect', '-f', '{{.Config.Labels.note}}', image)).toBe('a "quoted" word');
      } finally {
        await engine.removeImage(image);
      }
      await engine.removeImage(image);
    });

    optional('images')('save and load are inverse', async () => {
      await using container = await startContainer();
      const { imageId } = await engine.inspect(container.id);
      const archive = await buffer(await engine.saveImage(imageId));
      expect(await engine.loadImage(Readable.from([archive]))).toEqual([imageId]);
      await expect(engine.saveImage(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
        code: 'E_NO_SUCH_IMAGE',
      });
    });
  });
}

function labelPair(): Record<string, string> {
  const [name = '', value = ''] = testLabel().split('=');
  return { [name]: value };
}
