/**
 * A host for crashes: an engine of its own in a network namespace of its own, so that it can be killed, and so that
 * everything that is left behind is seen.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { enginePaths } from '../../src/engine/private/paths.ts';
import { processEntry } from '../../src/engine/private/processes.ts';
import { readRecord, writeRecord } from '../../src/engine/private/record.ts';
import { type RunResult, run } from '../../src/host/index.ts';
import { BUSYBOX, docker } from '../support/engine.ts';

/** In memory: what reaches a disk, and when, is of no matter to a process that is killed, and each run syncs a lot. */
export const FAST = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface CrashHost extends AsyncDisposable {
  readonly dockerHost: string;
  /** Words before a command that is to run on this host, with its network devices. */
  readonly prefix: readonly string[];
  /** Files with the ids of the engine's processes: dockerd, and containerd, which does not outlive it. */
  readonly pidFiles: { readonly dockerd: string; readonly containerd: string };
  on(...command: string[]): Promise<RunResult>;
  docker(...args: string[]): Promise<string>;
  /** Starts the engine again when it was killed; the processes of containers were left as they are. */
  revive(): Promise<void>;
}

export async function startCrashHost(): Promise<CrashHost> {
  const namespace = `pristine-crash-${process.pid}`;
  const stateDirectory = mkdtempSync(join(FAST, 'pristine-crash-'));
  const paths = enginePaths(stateDirectory);
  const prefix = ['ip', 'netns', 'exec', namespace];
  const on = (...command: string[]) => run('ip', [...prefix.slice(1), ...command]);
  const onEngine = (...args: string[]) => docker('-H', `unix://${paths.socket}`, ...args);
  // The engine's mounts are to be seen from here: it gets the network alone.
  const inNetwork = (...command: string[]) =>
    ['nsenter', [`--net=/run/netns/${namespace}`, ...command]] as const;
  const code = async (body: string) => {
    const module = JSON.stringify(resolve(import.meta.dirname, '../../src/engine/index.ts'));
    const options = `{ stateDirectory: ${JSON.stringify(stateDirectory)}, purge: true, say() {} }`;
    const script = `import { engineUp, engineDown } from ${module}; await ${body}(${options}); process.exit(0);`;
    const result = await run(...inNetwork(process.execPath, '--input-type=module', '-e', script));
    if (result.code !== 0) throw new Error(result.stderr);
  };
  const pidFiles = {
    dockerd: paths.pidFile,
    containerd: join(paths.execRoot, 'containerd/containerd.pid'),
  };
  const remove = async () => {
    await code('engineDown').finally(() => run('ip', ['netns', 'delete', namespace]));
    rmSync(stateDirectory, { recursive: true, force: true });
  };
  try {
    await run('ip', ['netns', 'add', namespace]);
    await on('ip', 'link', 'set', 'lo', 'up');
    await code('engineUp');
    const archive = join(stateDirectory, 'busybox.tar');
    await docker('save', '-o', archive, BUSYBOX);
    await onEngine('load', '-i', archive);
  } catch (error) {
    await remove();
    throw error;
  }
  const first = readRecord(paths)?.process?.pid ?? 0;
  const command = readFileSync(`/proc/${first}/cmdline`, 'utf8').split('\0').slice(0, -1);

  return {
    dockerHost: `unix://${paths.socket}`,
    prefix,
    pidFiles,
    on,
    docker: onEngine,
    async revive() {
      if (await answers(onEngine)) return await untilContainersStart(onEngine);
      // It takes a zombie for a running one.
      for (const file of Object.values(pidFiles)) rmSync(file, { force: true });
      const log = openSync(paths.logFile, 'a');
      const daemon = spawn(...inNetwork(...command), { detached: true, stdio: ['ignore', log, log] });
      await untilAnswering(onEngine, daemon);
      const record = readRecord(paths);
      const entry = processEntry(daemon.pid ?? 0);
      if (record !== null && entry !== null) await writeRecord(paths, { ...record, process: entry });
    },
    [Symbol.asyncDispose]: remove,
  };
}

function answers(onEngine: CrashHost['docker']): Promise<boolean> {
  return onEngine('version').then(
    () => true,
    () => false,
  );
}

/** An engine whose containerd was killed answers all the while, and starts another one after some seconds. */
async function untilContainersStart(onEngine: CrashHost['docker']): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await onEngine('run', '--rm', '--network', 'none', BUSYBOX, 'true');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

async function untilAnswering(onEngine: CrashHost['docker'], daemon: ChildProcess): Promise<void> {
  const ended = once(daemon, 'exit').then(([code]) => {
    throw new Error(`the engine ended with ${code} at its start`);
  });
  ended.catch(() => {});
  const deadline = Date.now() + 60_000;
  while (!(await answers(onEngine))) {
    if (Date.now() > deadline) throw new Error('the engine does not come back');
    await Promise.race([sleep(50), ended]);
  }
}
