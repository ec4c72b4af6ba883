import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';
import type { Session } from './session.ts';
import { pristine, temporaryDirectory } from './test-support/spawn.ts';
import { usageError } from './usage-error.ts';

describe('wrong usage', () => {
  test.each<[string[], string[]]>([
    [
      ['dif', 'web'],
      ["unknown command 'dif'", 'Did you mean diff?'],
    ],
    [
      ['diff', 'web', '--jsn'],
      ["unknown option '--jsn'", 'Did you mean --json?', 'pristine diff --help'],
    ],
    [
      ['evidence', 'verfy', 'x'],
      ["unknown command 'verfy'", 'Did you mean verify?'],
    ],
    [
      ['evidence', 'export', 'x'],
      ["option '--output <path>' not specified", 'pristine evidence export --help'],
    ],
    [['diff'], ["missing required argument 'name'", 'pristine diff --help']],
    [['ps', 'web'], ['too many arguments']],
    [['guard', '--mode', 'hell'], ['Allowed choices are watch, protect, heal']],
    [['guard', '--listen', '70000'], ['from 0 to 65535']],
    [['demo', '--repeat', '0'], ['whole number from 1']],
    [['diff', 'web', '--content', '/x', '--all'], ['--content shows one file']],
    [['diff', 'web', '--json', '--format', 'docker'], ['contradict']],
    [['evidence', 'shell', 'x'], ['needs a terminal']],
  ])('%j is told with the nearest that is known', async (args, told) => {
    const program = createProgram(
      (work) => work({ options: { json: args.includes('--json') } } as Session) as Promise<void>,
    );
    const error = await program.parseAsync(args, { from: 'user' }).catch((thrown) => thrown);
    const { exitCode, text } = reportError(
      error instanceof CommanderError ? usageError(error, program, args) : error,
      { json: false, debug: false },
    );
    expect(exitCode).toBe(2);
    expect(text).toMatch(/^pristine: .+\n {2}do: .+\n$/);
    for (const words of told) expect(text).toContain(words);
  });

  test('ends with exit code 2, and prints nothing on standard output', async () => {
    expect(await pristine(['diff', 'web', '--jsn'])).toEqual({
      code: 2,
      stdout: '',
      stderr: `pristine: unknown option '--jsn'\n  do: Did you mean --json? "pristine diff --help" shows what it takes.\n`,
    });
  });

  test('as JSON too', async () => {
    const { code, stderr } = await pristine(['--json', 'dif']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'E_USAGE', message: "unknown command 'dif'", next: expect.stringContaining('diff') },
    });
  });

  test('and the help, on standard error, where no command is named', async () => {
    const { code, stdout, stderr } = await pristine(['evidence']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: pristine evidence/);
  });
});

test('help and version go to standard output with exit code 0', async () => {
  expect(await pristine(['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });
  const { code, stdout, stderr } = await pristine(['evidence', 'verify', '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/Global Options:[\s\S]*--state[\s\S]*Example:\n {2}pristine evidence verify/);
});

describe('what cannot be had is a clear error with a next step', () => {
  const jsonError = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await pristine([...args, '--json'], env);
    return { code, stdout, error: JSON.parse(stderr).error };
  };

  test('no engine', async () => {
    const directory = await temporaryDirectory();
    const { code, error } = await jsonError(['ps'], { DOCKER_HOST: `unix://${directory}/none.sock` });
    expect({ code, error }).toMatchObject({
      code: 1,
      error: { code: 'E_NO_ENGINE', next: expect.stringMatching(/\w/) },
    });
  });

  test('no incident of that id', async () => {
    expect(await jsonError(['incident', 'inc-x'])).toMatchObject({
      code: 1,
      error: { code: 'E_NO_SUCH_INCIDENT' },
    });
  });

  test('a state directory that cannot be made', async () => {
    const { code, error } = await jsonError(['incidents', '--state', '/dev/null/state']);
    expect({ code, error }).toMatchObject({
      code: 1,
      error: { code: 'E_STATE', next: expect.stringContaining('--state') },
    });
  });

  test('a configuration that cannot be read', async () => {
    expect(await jsonError(['guard', '--config', '/no/such.yaml'])).toMatchObject({
      code: 2,
      error: { code: 'E_CONFIG_UNREADABLE' },
    });
  });
});

test('a state without incidents is an empty list', async () => {
  expect(await pristine(['incidents', '--json'])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
});
