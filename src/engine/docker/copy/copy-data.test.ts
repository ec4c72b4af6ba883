import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leftOfCopies } from '../../../../test/support/copies.ts';
import { BUSYBOX, docker, startContainer, testLabel } from '../../../../test/support/engine.ts';
import { testEngine } from '../../../../test/support/evidence.ts';
import { temporaryState } from '../../../../test/support/guard.ts';
import type { Engine } from '../../port.ts';
import { isCopy } from './labels.ts';

const PLAIN = { labels: {}, configuration: null, mostData: 64 << 20 };
const state = temporaryState();
const folder = mkdtempSync(join(tmpdir(), 'pristine-copy-'));
let engine: Engine;
beforeAll(async () => {
  engine = await testEngine(state.path);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  state[Symbol.dispose]();
});

const run = (id: string, script: string) => docker('exec', id, 'sh', '-c', script);

describe('the data of a copy', () => {
  test('is that of a folder of the host, with its owner, and nothing of the image beside it', async () => {
    const bound = join(folder, 'bound');
    mkdirSync(bound);
    writeFileSync(join(bound, '.own'), 'x');
    chownSync(bound, 7, 8);
    chmodSync(bound, 0o710);
    // The image has programs in /bin; the shell is reached by the volume's own copy of it.
    await using live = await startContainer({ options: ['-v', `${bound}:/srv/x`, '-v', '/bin'] });
    await live.sh('rm /bin/vi');
    const copy = await engine.createCopy(live.id, PLAIN);
    try {
      await engine.startCopy(copy.id);
      expect(await run(copy.id, 'stat -c "%u:%g %a" /srv/x; ls -A /srv/x; ls /bin/vi 2>&1 || true')).toBe(
        '7:8 710\n.own\nls: /bin/vi: No such file or directory',
      );
      expect(await run(copy.id, 'echo no > /srv/x/new; hostname')).toBe(await live.sh('hostname'));
      expect(await live.sh('ls -A /srv/x')).toBe('.own');
    } finally {
      await engine.removeCopies(live.id);
    }
  });

  test('is a single file where that is mounted, and no socket of the host in any case', async () => {
    const [file, served] = [join(folder, 'file'), join(folder, 'served')];
    writeFileSync(file, 'live');
    mkdirSync(served);
    writeFileSync(join(served, 'beside'), '');
    const server = createServer().listen(join(served, 'socket'));
    await using live = await startContainer({
      options: ['-v', `${file}:/etc/one.conf`, '-v', `${served}:/served:ro`],
    });
    const copy = await engine.createCopy(live.id, PLAIN);
    try {
      await engine.startCopy(copy.id);
      expect(await run(copy.id, 'cat /etc/one.conf; echo copy > /etc/one.conf; ls /served')).toBe(
        'livebeside',
      );
      expect(await live.sh('cat /etc/one.conf; ls /served')).toBe('livebeside\nsocket');
      expect(await run(copy.id, 'touch /served/x 2>&1 || true')).toMatch(/Read-only file system/);
    } finally {
      server.close();
      await engine.removeCopies(live.id);
    }
  });

  test('is shared between a copy and its companions as the live ones share it', async () => {
    const network = `pristine-copy-net-${process.pid}`;
    await docker('network', 'create', '--label', testLabel(), network);
    await using web = await startContainer({ options: ['--network', network, '-v', '/site'] });
    await using live = await startContainer({
      options: ['--network', network, '--volumes-from', `${web.id}:ro`],
    });
    try {
      const copy = await engine.createCopy(live.id, PLAIN);
      await engine.startCopy(copy.id);
      const companion = await docker(
        ...['ps', '-q', '--filter', `label=pristine.copies-of=${live.id}`],
        ...['--filter', 'label=pristine.copy-companion'],
      );
      await run(companion, 'echo new > /site/page');
      expect(await run(copy.id, 'cat /site/page; touch /site/y 2>&1 || true')).toMatch(
        /^new\n.*Read-only file system/,
      );
      expect(await web.sh('ls /site')).toBe('');
    } finally {
      await engine.removeCopies(live.id);
      await docker('rm', '-f', '-v', web.id, live.id);
      await docker('network', 'rm', network);
    }
  });

  test('counts holes as what they would become', async () => {
    await using live = await startContainer({ options: ['-v', '/data'] });
    await live.sh('truncate -s 500G /data/hole');
    try {
      const copy = await engine.createCopy(live.id, PLAIN);
      expect(copy.differences.join()).toMatch(/The data at \/data \(53687\d+ bytes\) is too large/);
    } finally {
      await engine.removeCopies(live.id);
    }
  });

  test('is of one moment, for which a container that writes all the time is paused', async () => {
    await using live = await startContainer({
      options: ['-v', '/data'],
      command: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /data/a; echo $i > /data/b; done'],
    });
    try {
      const copy = await engine.createCopy(live.id, PLAIN);
      expect(copy.differences).toEqual([
        expect.stringMatching(/^The live container was paused for \d+ ms to copy \/data/),
      ]);
      expect(await docker('inspect', '-f', '{{.State.Status}}', live.id)).toBe('running');
      await engine.startCopy(copy.id);
    } finally {
      await engine.removeCopies(live.id);
    }
    expect(await leftOfCopies(live.id)).toEqual([]);
  });
});

describe('the removal of copies', () => {
  test('wakes a container that a killed process had paused, and takes what it had begun', async () => {
    await using live = await startContainer();
    const labels = ['--label', `pristine.copies-of=${live.id}`, '--label', testLabel()];
    await docker('volume', 'create', ...labels, '--label', `pristine.copy-paused=${live.id}`);
    await docker('network', 'create', ...labels, '--internal', `pristine-half-${process.pid}`);
    await docker('create', ...labels, '--network', `pristine-half-${process.pid}`, BUSYBOX, 'true');
    await docker('pause', live.id);
    await engine.removeCopies(live.id);
    expect(await docker('inspect', '-f', '{{.State.Status}}', live.id)).toBe('running');
    expect(await leftOfCopies(live.id)).toEqual([]);
  });

  test("leaves another container's alone, and several of one go one by one", async () => {
    await using live = await startContainer({ options: ['-v', '/data'] });
    await live.sh('echo 1 > /data/x');
    const [one, other] = await Promise.all([
      engine.createCopy(live.id, PLAIN),
      engine.createCopy(live.id, PLAIN),
    ]);
    try {
      await engine.startCopy(one.id);
      await engine.startCopy(other.id);
      await run(one.id, 'echo 2 > /data/x');
      await engine.stop(one.id, 'kill');
      await engine.removeCopies('0'.repeat(64));
      await engine.removeCopy(one.id);
      expect(await run(other.id, 'cat /data/x')).toBe('1');
      await engine.removeCopy(other.id);
      expect(await leftOfCopies(live.id)).toEqual([]);
      await expect(engine.inspect(one.id)).rejects.toThrow(/no container has the name/);
    } finally {
      await engine.removeCopies(live.id);
    }
  });
});

test('a copy has labels by which it is told from what somebody wants to have guarded, and none of the live one', async () => {
  await using live = await startContainer({ options: ['--label', 'pristine.mode=watch', '--label', 'a=b'] });
  try {
    const { id } = await engine.createCopy(live.id, {
      ...PLAIN,
      labels: { 'pristine.rehearsal': 'learning' },
    });
    const { labels } = await engine.inspect(id);
    expect(isCopy(labels)).toBe(true);
    expect(isCopy((await engine.inspect(live.id)).labels)).toBe(false);
    expect(Object.keys(labels).sort()).toEqual([
      'pristine.copied-name',
      'pristine.copies-of',
      'pristine.copy-group',
      'pristine.rehearsal',
      // The image's own.
      'pristine.test',
    ]);
  } finally {
    await engine.removeCopies(live.id);
  }
});
