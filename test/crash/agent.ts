/** Agents that crash: `pristine` as a process of its own, on a crash host, with the hook loaded. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/kernel/index.ts';
import type { CrashHost } from './host.ts';
import { type CrashPlan, PLAN_VARIABLE, type Strike } from './plan.ts';

export interface AgentRun {
  readonly args: readonly string[];
  readonly state: string;
  readonly ids?: CrashPlan['ids'];
  readonly at?: Strike | undefined;
  readonly target?: CrashPlan['target'];
}

export interface AgentEnd {
  readonly code: number | null;
  readonly killed: boolean;
  readonly output: string;
  readonly errors: string;
  /** Moments in order, as `moment` and `point`. */
  readonly trace: readonly (readonly [moment: string, point: string])[];
  /** Where it was struck; null when the point was never reached. */
  readonly struck: string | null;
}

/** The command line of an agent with a plan, and its environment. */
export function agentCommand(
  host: CrashHost,
  { args, state, ids = {}, at, target = 'agent' }: AgentRun,
): { command: string; args: string[]; env: NodeJS.ProcessEnv; trace: string } {
  const trace = `${state}.trace`;
  rmSync(trace, { force: true });
  const plan: CrashPlan = { trace, state, ids, target, ...(at === undefined ? {} : { at }) };
  const [command = '', ...prefix] = host.prefix;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const program = ['--import', join(import.meta.dirname, 'hook.ts'), join(packageRoot, 'src/cli/main.ts')];
  return {
    command,
    args: [...prefix, ...node, ...program, ...args],
    env: {
      ...process.env,
      DOCKER_HOST: host.dockerHost,
      PRISTINE_STATE: state,
      // As bin/pristine has it: the start takes half the time.
      NODE_COMPILE_CACHE: join(packageRoot, 'node_modules/.cache/pristine'),
      [PLAN_VARIABLE]: JSON.stringify(plan),
    },
    trace,
  };
}

export function traceOf(file: string): Pick<AgentEnd, 'trace' | 'struck'> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const trace = lines.map((line) => line.split('\t') as [string, string]);
  const struck = trace.find(([moment]) => moment === 'struck')?.[1] ?? null;
  return { trace: trace.filter(([moment]) => moment !== 'struck'), struck };
}

/** Longest time that a command may take. */
const TIMEOUT_MS = 90_000;

export async function runAgent(host: CrashHost, given: AgentRun): Promise<AgentEnd> {
  const { command, args, env, trace } = agentCommand(host, given);
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => {
    output += piece;
  });
  child.stderr.on('data', (piece: Buffer) => {
    errors += piece;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, killed: signal === 'SIGKILL', output, errors, ...traceOf(trace) };
}
