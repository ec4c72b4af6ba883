/**
 * Loaded into an agent before its own code (`node --import`): counts everything that it does to the world, in order,
 * and at one of these points kills the agent, or the engine under it.
 *
 * Counted are writing statements of SQLite, changes of files by Node's own calls, changing requests to the engine, and
 * programs that are started. What goes through koffi (locks of files, mount flags) and what other threads and
 * processes do is not.
 */
import childProcess, { type ChildProcess } from 'node:child_process';
import fs, { type PathLike } from 'node:fs';
import http, { type ClientRequest, type RequestOptions } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { StatementSync } from 'node:sqlite';
import { killEngine } from './kill-engine.ts';
import { type CrashPlan, labelOf, type Moment, PLAN_VARIABLE } from './plan.ts';

async function install(plan: CrashPlan): Promise<void> {
  const effects = new Effects(plan);
  onStatements(effects);
  await onFiles(effects, plan);
  onRequests(effects, plan);
  onPrograms(effects, plan);
  syncBuiltinESMExports();
}

/** Counts effects, tells the trace of each before it happens, and strikes at the one that is planned. */
class Effects {
  readonly #plan: CrashPlan;
  readonly #trace: number;
  readonly #write = fs.writeSync;
  readonly #seen = new Map<string, number>();
  #moments = 0;

  constructor(plan: CrashPlan) {
    this.#plan = plan;
    this.#trace = fs.openSync(plan.trace, 'a');
  }

  /** @returns to be called when later moments of it are reached */
  begin(label: string): (moment: Moment) => void {
    const occurrence = (this.#seen.get(label) ?? 0) + 1;
    this.#seen.set(label, occurrence);
    const point = `${label} #${occurrence}`;
    const reach = (moment: Moment) => this.#reach(point, moment);
    reach('before');
    return reach;
  }

  #reach(point: string, moment: Moment): void {
    const { at, target } = this.#plan;
    this.#moments++;
    this.#write(this.#trace, `${moment}\t${point}\n`);
    if (at === undefined) return;
    const due = 'nth' in at ? at.nth === this.#moments : at.point === point && at.moment === moment;
    if (!due) return;
    this.#write(this.#trace, `struck\t${moment} ${point}\n`);
    if (target === 'agent') process.kill(process.pid, 'SIGKILL');
    else killEngine(target);
  }
}

type Method = (this: unknown, ...args: never[]) => unknown;

/** Has a method tell of what it does; `label` answers with null for what changes nothing. */
function watch(
  owner: object,
  name: string,
  effects: Effects,
  label: (self: unknown, args: unknown[]) => string | null,
): void {
  const methods = owner as Record<string, Method>;
  const original = methods[name];
  if (original === undefined) throw new Error(`nothing is called ${name}`);
  methods[name] = function (this: unknown, ...args: never[]) {
    const what = label(this, args);
    const reach = what === null ? null : effects.begin(what);
    const result = Reflect.apply(original, this, args);
    if (reach === null) return result;
    if (!(result instanceof Promise)) {
      reach('after');
      return result;
    }
    return result.then((value) => {
      reach('after');
      return value;
    });
  };
}

/** A word of a row that tells what it is about: a step, a phase, a state. */
const WORD = /^[a-z][a-z-]{1,14}$/;

function onStatements(effects: Effects): void {
  const label = (self: unknown, args: unknown[]) => {
    const { sourceSQL: sql } = self as StatementSync;
    const [, verb, table] = /^\s*(insert(?: or \w+)? into|update|delete from)\s+"?(\w+)/i.exec(sql) ?? [];
    if (verb === undefined) return null;
    const words = args.filter((value) => typeof value === 'string' && WORD.test(value));
    return ['sql', verb.split(' ')[0], table, ...words].join(' ');
  };
  for (const name of ['run', 'all', 'get']) watch(StatementSync.prototype, name, effects, label);
}

const PATH_CALLS = [
  'rename',
  'rm',
  'unlink',
  'link',
  'symlink',
  'mkdir',
  'copyFile',
  'writeFile',
  'truncate',
];
const HANDLE_CALLS = ['write', 'writev', 'writeFile', 'truncate', 'sync', 'datasync'];

async function onFiles(effects: Effects, { state }: CrashPlan): Promise<void> {
  const { promises } = fs;
  const probe = await promises.open('/dev/null', 'r');
  const prototype = Object.getPrototypeOf(probe) as object;
  await probe.close();
  const paths = new WeakMap<object, string>();
  const place = (path: unknown) => labelOf(String(path), state);
  for (const name of PATH_CALLS) {
    watch(promises, name, effects, (_self, [path, to]) =>
      [name, place(path), ...(typeof to === 'string' && name !== 'writeFile' ? [place(to)] : [])].join(' '),
    );
  }
  for (const name of ['renameSync', 'rmSync', 'unlinkSync', 'mkdirSync', 'writeFileSync']) {
    watch(fs, name, effects, (_self, [path]) => `${name} ${place(path)}`);
  }
  for (const name of HANDLE_CALLS) {
    watch(prototype, name, effects, (self) => `${name} ${paths.get(self as object) ?? 'a file'}`);
  }
  const open = promises.open;
  promises.open = async (path: PathLike, flags, mode) => {
    const reach = makesOrEmpties(flags) ? effects.begin(`open ${place(path)}`) : null;
    const handle = await open(path, flags, mode);
    paths.set(handle, place(path));
    reach?.('after');
    return handle;
  };
}

function makesOrEmpties(flags: string | number | undefined): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_CREAT | fs.constants.O_TRUNC)) !== 0;
  return flags !== undefined && /[wa]/.test(flags);
}

function onRequests(effects: Effects, { state, ids }: CrashPlan): void {
  const original = http.request as (...args: unknown[]) => ClientRequest;
  http.request = ((...args: unknown[]) => {
    const { method = 'GET', path = '' } = (args[0] ?? {}) as RequestOptions;
    if (!['POST', 'PUT', 'DELETE'].includes(method)) return original(...args);
    const reach = effects.begin(`${method} ${labelOf(path ?? '', state, ids)}`);
    const request = original(...args);
    request.once('finish', () => reach('sent'));
    request.prependOnceListener('response', () => reach('after'));
    return request;
  }) as typeof http.request;
}

function onPrograms(effects: Effects, { state }: CrashPlan): void {
  const original = childProcess.spawn as (...args: unknown[]) => ChildProcess;
  childProcess.spawn = ((command: string, ...rest: unknown[]) => {
    const args = Array.isArray(rest[0]) ? (rest[0] as string[]) : [];
    const words = args.filter((word) => /^[a-z-]+$/i.test(word)).slice(0, 2);
    const reach = effects.begin(`spawn ${labelOf([basename(command), ...words].join(' '), state)}`);
    const child = original(command, ...rest);
    reach('sent');
    child.prependOnceListener('exit', () => reach('after'));
    return child;
  }) as typeof childProcess.spawn;
}

const given = process.env[PLAN_VARIABLE];
// Its threads and the processes that it starts are left alone.
delete process.env[PLAN_VARIABLE];
if (given !== undefined) await install(JSON.parse(given) as CrashPlan);
