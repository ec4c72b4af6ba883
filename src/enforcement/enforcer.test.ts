/** The supervision alone, with a program in the place of the enforcer process that does as a test wants. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_PROTECTION } from '../contract/index.ts';
import { createEnforcer } from './enforcer.ts';
import type { EnforcementEvent, EnforcementTarget, Enforcer } from './port.ts';

const { execPath } = process;
let folder: string;
let enforcer: Enforcer | null = null;
const events: EnforcementEvent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pristine-test-'));
  events.length = 0;
});
afterEach(async () => {
  process.execPath = execPath;
  await enforcer?.close();
  enforcer = null;
  rmSync(folder, { recursive: true });
});

/** An enforcer whose process runs `body` for each request; `life` counts the processes from 1. */
async function enforcerThat(body: string, start = "say({ type: 'ready' })"): Promise<Enforcer> {
  const script = `#!${execPath}
    import { appendFileSync, readFileSync, writeSync } from 'node:fs';
    import { Socket } from 'node:net';
    const say = (report) => writeSync(3, JSON.stringify(report) + '\\n');
    appendFileSync(${JSON.stringify(join(folder, 'lives'))}, '.');
    const life = readFileSync(${JSON.stringify(join(folder, 'lives'))}).length;
    const done = (request, error = null) => say({ type: 'done', number: request.number, error });
    let asked = 0;
    const answer = (request) => { asked++; ${body} };
    ${start};
    let text = '';
    new Socket({ fd: 3 }).on('data', (piece) => {
      const lines = (text + piece).split('\\n');
      text = lines.pop();
      for (const line of lines) answer(JSON.parse(line));
    }).on('end', () => process.exit());
  `;
  const program = join(folder, 'program.mjs');
  writeFileSync(program, script, { mode: 0o700 });
  process.execPath = program;
  enforcer = await createEnforcer();
  void read(enforcer);
  return enforcer;
}

async function read(from: Enforcer): Promise<void> {
  for await (const event of from.events()) events.push(event);
}

function target(id: string): EnforcementTarget {
  const place = { pid: null, upper: '/nowhere/upper', merged: '/', lower: [] };
  return { id, name: id, image: 'image', ...place, policy: DEFAULT_PROTECTION, enforce: true };
}

const until = (what: () => boolean) => expect.poll(what, { interval: 5, timeout: 5000 }).toBe(true);
const lapses = () => events.flatMap((event) => (event.type === 'lapse' ? [event] : []));

test('a report is a line, whatever characters a path in it holds', async () => {
  const path = '/a\u2028b\u2029c\u0085d\re\nf\u{1f600}\ud800';
  const { protect } = await enforcerThat(`
    const process = { pid: 1 };
    say({ type: 'already-running', containerId: 'c', at: 1, path: ${JSON.stringify(path)}, process });
    done(request);
  `).then((made) => ({ protect: () => made.protect(target('c')) }));
  await protect();
  await until(() => events.length === 1);
  expect(events).toMatchObject([{ type: 'already-running', path }]);
});

test('what was asked and not answered is asked again of the next process', async () => {
  const made = await enforcerThat('if (life === 1) process.exit(3); else done(request);');
  await Promise.all([made.protect(target('a')), made.release('b'), made.protect(target('c'))]);
  await until(() => lapses().length > 0);
  expect(lapses()).toMatchObject([{ containerId: null, reason: 'the enforcer ended with exit code 3' }]);
});

test('the next process gets what is protected, and not what was released', async () => {
  const made = await enforcerThat(`
    if (life === 2 && request.target) say({ type: 'armed', containerId: request.target.id, at: asked, gaps: [] });
    if (life === 1 && request.containerId === 'die') process.exit(0);
    done(request);
  `);
  for (const id of ['a', 'b', 'c']) await made.protect(target(id));
  await made.release('b');
  void made.release('die').catch(() => {});
  await until(() => lapses().length === 1);
  const armed = events.flatMap((event) => (event.type === 'armed' ? [event.containerId] : []));
  expect(armed).toEqual(['a', 'c']);
  // The end of the lapse is told after them.
  expect(events.at(-1)?.type).toBe('lapse');
});

test('a container that cannot be armed again is told, and tried until it can be', async () => {
  const made = await enforcerThat(`
    if (life === 1 && request.containerId === 'die') process.exit(0);
    done(request, life === 2 && request.target?.id === 'a' && asked < 4 ? 'no room' : null);
  `);
  await made.protect(target('a'));
  await made.protect(target('b'));
  const first = events.length;
  void made.release('die').catch(() => {});
  await until(() => lapses().some(({ containerId }) => containerId === null));
  await until(() => lapses().filter(({ containerId }) => containerId === 'a').length >= 2);
  const told = lapses().filter(({ containerId }) => containerId === 'a');
  expect(first).toBe(0);
  expect(told.at(-1)?.reason).toBe('the code of a cannot be checked: no room');
  for (const [index, { from }] of told.entries()) {
    if (index > 0) expect(from - (told[index - 1]?.to ?? 0)).toBeLessThan(50);
  }
});

test('a process that talks nonsense is ended and replaced', async () => {
  const made = await enforcerThat("if (life === 1) writeSync(3, 'nonsense\\n'); else done(request);");
  await made.protect(target('a'));
  await until(() => lapses().length === 1);
  expect(lapses()[0]?.reason).toContain('no report');
});

test('a crash is told with what Node said of it', async () => {
  const made = await enforcerThat("if (life === 1) throw new TypeError('over'); else done(request);");
  await made.protect(target('a'));
  await until(() => lapses().length === 1);
  expect(lapses()[0]?.reason).toBe('the enforcer ended with exit code 1: TypeError: over');
});

test('with close ends what is asked: what was to be released is, what was to be protected is not', async () => {
  const made = await enforcerThat('');
  const asked = [made.protect(target('a')), made.release('a')];
  const settled = Promise.allSettled(asked);
  await made.close();
  expect(await settled).toMatchObject([
    { status: 'rejected', reason: { code: 'E_INTERNAL' } },
    { status: 'fulfilled' },
  ]);
});

const failed = (errno: string | null) =>
  `say({ type: 'failed', message: 'no group', errno: ${JSON.stringify(errno)} }); process.exit(1)`;

test.each([
  [failed('EPERM'), 'E_NEEDS_ROOT', 'the enforcer ended with exit code 1: no group'],
  [failed('EINVAL'), 'E_NOT_SUPPORTED', 'the enforcer ended with exit code 1: no group'],
  [failed(null), 'E_INTERNAL', 'the enforcer ended with exit code 1: no group'],
  ["process.kill(process.pid, 'SIGSEGV')", 'E_INTERNAL', 'the enforcer was ended by SIGSEGV'],
  ["throw new Error('broken')", 'E_INTERNAL', 'the enforcer ended with exit code 1: Error: broken'],
])('one that cannot begin is an error: %s', async (start, code, message) => {
  await expect(enforcerThat('', start)).rejects.toMatchObject({ code, message });
});
