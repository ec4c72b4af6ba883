import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../kernel/index.ts';

export const PRISTINE = join(packageRoot, 'bin/pristine');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once standard output holds the text. */
  printed(text: string): Promise<void>;
}

/** Starts the command as a user does, with a state directory of the test's own unless the arguments name one. */
export async function startPristine(args: string[], env: Record<string, string> = {}): Promise<Running> {
  const state = await temporaryDirectory();
  const child = spawn(PRISTINE, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PRISTINE_STATE: state, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<Ended>((resolve) => {
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const waiting: (() => void)[] = [];
  child.stdout.on('data', (text) => {
    stdout += text;
    for (const look of waiting) look();
  });
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => stdout.includes(text) && resolve();
      waiting.push(look);
      look();
      void ended.then((end) => reject(new Error(`ended without "${text}": ${JSON.stringify(end)}`)));
    });
  return { child, ended, printed };
}

export async function pristine(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return (await startPristine(args, env)).ended;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pristine-cli-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An engine that takes connections and never answers: its DOCKER_HOST, and a promise of the first connection. */
export async function silentEngine(): Promise<{ dockerHost: string; connected: Promise<void> }> {
  const socket = join(await temporaryDirectory(), 'silent.sock');
  const server = createServer();
  const connected = new Promise<void>((resolve) => {
    server.on('connection', (connection) => {
      connection.on('error', () => {});
      onTestFinished(() => void connection.destroy());
      resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => void server.close());
  return { dockerHost: `unix://${socket}`, connected };
}
