import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError, printable } from '../../kernel/index.ts';
import type { EnginePaths } from './paths.ts';
import { type ProcessEntry, processEntry } from './processes.ts';
import { versionAt } from './status.ts';

/** The system's settings that say how images are reached; all else is this engine's own. */
const SYSTEM_CONFIG = '/etc/docker/daemon.json';
const KEPT_SETTINGS = [
  'registry-mirrors',
  'insecure-registries',
  'dns',
  'proxies',
  'http-proxy',
  'https-proxy',
  'no-proxy',
];

/** A program of the host, found on its PATH. */
const PROGRAM = 'dockerd';

const START_TIMEOUT_MS = 90_000;
const LAST_LINES = 5;

/**
 * Starts the engine's process, detached: it outlives this one.
 * @throws {PristineError} E_ENGINE_INSTALL when it ends at once
 */
export async function startDaemon(paths: EnginePaths, addressPool: string): Promise<ProcessEntry> {
  await mkdir(paths.execRoot, { recursive: true, mode: 0o700 });
  await writeConfiguration(paths);
  await rename(paths.logFile, `${paths.logFile}.previous`).catch(() => {});
  const log = openSync(paths.logFile, 'a', 0o600);
  try {
    const child = spawn(PROGRAM, daemonArguments(paths, addressPool), {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      env: daemonEnvironment(),
    });
    await once(child, 'spawn');
    child.unref();
    const entry = child.pid === undefined ? null : processEntry(child.pid);
    if (entry === null) throw startFailure(paths, 'ended at once');
    return entry;
  } finally {
    closeSync(log);
  }
}

function daemonArguments(paths: EnginePaths, addressPool: string): string[] {
  return [
    ...['--config-file', paths.configFile],
    ...['--data-root', paths.dataRoot],
    ...['--exec-root', paths.execRoot],
    ...['--pidfile', paths.pidFile],
    ...['--host', `unix://${paths.socket}`],
    ...['--bridge', paths.bridge],
    ...['--default-address-pool', `base=${addressPool},size=24`],
    ...['--containerd-namespace', paths.namespace],
    ...['--containerd-plugins-namespace', `${paths.namespace}-plugins`],
  ];
}

/** Without what would make the daemon ask for certificates, and with the folders where its helpers are. */
function daemonEnvironment(): NodeJS.ProcessEnv {
  const {
    DOCKER_HOST: _host,
    DOCKER_TLS_VERIFY: _tls,
    DOCKER_CERT_PATH: _certificates,
    ...env
  } = process.env;
  return { ...env, PATH: `${env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin` };
}

async function writeConfiguration(paths: EnginePaths): Promise<void> {
  const system = await readFile(SYSTEM_CONFIG, 'utf8')
    .then(JSON.parse)
    .catch(() => ({}));
  const kept = Object.entries(system).filter(([name]) => KEPT_SETTINGS.includes(name));
  await writeFile(paths.configFile, JSON.stringify(Object.fromEntries(kept), null, 2), { mode: 0o600 });
}

/**
 * Waits until the engine answers, and tells its version.
 * @throws {PristineError} E_ENGINE_INSTALL with the last lines of its log
 */
export async function untilAnswering(paths: EnginePaths, daemon: ProcessEntry): Promise<string> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const version = await versionAt(`unix://${paths.socket}`);
    if (version !== null) return version;
    if (processEntry(daemon.pid)?.startTime !== daemon.startTime)
      throw startFailure(paths, 'ended at its start');
    if (Date.now() > deadline)
      throw startFailure(paths, `does not answer after ${START_TIMEOUT_MS / 1000} s`);
    await sleep(100);
  }
}

function startFailure(paths: EnginePaths, what: string): PristineError {
  const lines = readFileSync(paths.logFile, 'utf8').trim().split('\n').slice(-LAST_LINES);
  const said = lines.map((line) => printable(line.slice(0, 400))).join(' | ');
  return new PristineError('E_ENGINE_INSTALL', `the private engine ${what}; it said last: ${said}`, {
    next: `Look at ${paths.logFile}.`,
  });
}
