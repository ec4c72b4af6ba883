import { mkdir } from 'node:fs/promises';
import { run, type Say } from '../../host/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { freeAddresses, takenNetworks } from './addresses.ts';
import { startDaemon, untilAnswering } from './daemon.ts';
import { firewallState, foreignRules, restoreForeignRules } from './firewall.ts';
import { ensureEngineInstalled, requireRootOnLinux } from './install.ts';
import { withEngineLock, withHostLock } from './lock.ts';
import { type EnginePaths, enginePaths } from './paths.ts';
import { type ProcessEntry, signalProcess } from './processes.ts';
import { readRecord, writeRecord } from './record.ts';
import { daemonProcess, type EngineStatus, engineStatus, systemEngine } from './status.ts';
import { sweep } from './sweep.ts';

/**
 * Starts the private Docker Engine of a state directory and waits until it answers; installs it first where it
 * is missing. Does nothing when it runs. It outlives this process: {@link engineDown} ends it.
 *
 * @throws {PristineError} E_ENGINE_INSTALL
 */
export async function engineUp(options: { stateDirectory: string; say: Say }): Promise<EngineStatus> {
  const { stateDirectory, say } = options;
  requireRootOnLinux();
  const paths = enginePaths(stateDirectory);
  return withEngineLock(paths, async () => {
    const running = daemonProcess(paths, readRecord(paths));
    if (running !== null) {
      // It may be one whose starter was killed before it answered.
      await untilAnswering(paths, running);
      return engineStatus({ stateDirectory });
    }
    if (await ensureEngineInstalled(say)) {
      const system = await systemEngine(paths);
      if (system !== null) {
        say(
          `the package has started the system's own engine, which answers at ${system.endpoint}: using that one`,
        );
        return system;
      }
    }
    await withHostLock(async () => {
      await sweep(paths, readRecord(paths));
      await start(paths, say);
    });
    return engineStatus({ stateDirectory });
  });
}

async function start(paths: EnginePaths, say: Say): Promise<void> {
  say('starting a private Docker Engine ...');
  const { bridge, pool } = freeAddresses(await takenNetworks(), paths.seed);
  const record = {
    process: null,
    startedAt: new Date().toISOString(),
    bridgeAddress: bridge,
    addressPool: pool,
    before: await firewallState(),
  };
  // On disk before anything is made, so that whatever happens, `engine down` knows what to take away.
  await writeRecord(paths, record);
  const others = await foreignRules();
  let daemon: ProcessEntry | null = null;
  try {
    await mkdir(paths.dataRoot, { recursive: true, mode: 0o711 });
    await makeBridge(paths.bridge, bridge);
    daemon = await startDaemon(paths, pool);
    await writeRecord(paths, { ...record, process: { pid: daemon.pid, startTime: daemon.startTime } });
    const version = await untilAnswering(paths, daemon);
    await restoreForeignRules(others);
    say(`Docker Engine ${version} answers at unix://${paths.socket}`);
  } catch (error) {
    if (daemon !== null) signalProcess(daemon, 'SIGKILL');
    await sweep(paths, record);
    throw error;
  }
}

async function makeBridge(name: string, address: string): Promise<void> {
  for (const step of [
    ['link', 'add', name, 'type', 'bridge'],
    ['address', 'add', address, 'dev', name],
    ['link', 'set', name, 'up'],
  ]) {
    const result = await run('ip', step);
    if (result.code === 0) continue;
    throw new PristineError(
      'E_ENGINE_INSTALL',
      `the network bridge ${name} cannot be made: ${result.stderr.trim()}`,
      {
        next: 'See whether this host lets you make network devices (CAP_NET_ADMIN, the kernel module "bridge").',
      },
    );
  }
}
