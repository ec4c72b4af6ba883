import { CommanderError } from 'commander';
import type { App } from '../app/index.ts';
import { createLogger, EXIT, printable, systemErrorCode } from '../kernel/index.ts';
import { createProgram } from './program.ts';
import { createOutput } from './render/output.ts';
import { createProgress, silentProgress } from './render/progress.ts';
import { reportError } from './report-error.ts';
import type { GlobalOptions, OnInterrupt, Runner, Session } from './session.ts';
import { usageError } from './usage-error.ts';

/** After this long, an interrupted command says that it cleans up. */
const CLEAN_UP_PATIENCE_MS = 1000;

const args = process.argv.slice(2);
const out = createOutput(process.stdout);
const interrupt = new AbortController();
let onInterrupt: OnInterrupt = 'end';

const program = createProgram(createRunner());

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (onInterrupt === 'end' || interrupt.signal.aborted) process.exit(EXIT.interrupted);
    interrupt.abort(new Error(`interrupted by ${signal}`));
    const patience = () => process.stderr.write('pristine: cleaning up; another interrupt ends it at once\n');
    setTimeout(patience, CLEAN_UP_PATIENCE_MS).unref();
  });
}

// A reader such as head(1) has had enough: nothing more can be said, and what only looks need not go on.
process.stdout.on('error', (error) => {
  if (!['EPIPE', 'ERR_STREAM_DESTROYED'].includes(systemErrorCode(error) ?? '')) throw error;
  if (onInterrupt === 'end') process.exit(EXIT.ok);
  if (onInterrupt === 'success') interrupt.abort(error);
});
process.stderr.on('error', () => {});

await main();

async function main(): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
    await finish(Number(process.exitCode ?? EXIT.ok));
  } catch (error) {
    await finish(failed(error));
  }
}

/** Reports what was thrown, unless that is the interrupt itself; answers with the exit code. */
function failed(error: unknown): number {
  const interrupted = interrupt.signal.aborted && onInterrupt === 'finish';
  if (interrupt.signal.aborted && isInterrupt(error)) return interrupted ? EXIT.interrupted : EXIT.ok;
  const thrown = error instanceof CommanderError ? usageError(error, program, args) : error;
  if (thrown === undefined) return EXIT.ok;
  // Commander has printed the help already, where a command was missing.
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
  // The arguments may not have been understood, so the words themselves are looked at.
  const json = args.includes('--json');
  const debug = /--log-level[ =]debug/.test(args.join(' '));
  const { exitCode, text } = reportError(thrown, { json, debug });
  process.stderr.write(text);
  return interrupted ? EXIT.interrupted : exitCode;
}

/** Whether something was thrown because the signal aborted. */
function isInterrupt(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause === interrupt.signal.reason || cause.name === 'AbortError') return true;
  }
  return false;
}

/** Ends the process once its output is written; what an engine's client keeps open would hold it up. */
async function finish(exitCode: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
  process.exit(exitCode);
}

function createRunner(): Runner {
  return async (work, whenInterrupted = 'end') => {
    onInterrupt = whenInterrupted;
    const options = program.opts<GlobalOptions>();
    const progress = options.json ? silentProgress : createProgress(process.stderr);
    let app: Promise<App> | undefined;
    const session: Session = {
      options,
      out,
      progress,
      note: (sentence) => void process.stderr.write(`pristine: ${printable(sentence)}\n`),
      signal: interrupt.signal,
      app: () => {
        app ??= openApp(options);
        return app;
      },
    };
    try {
      process.exitCode = (await work(session)) ?? EXIT.ok;
    } finally {
      progress.stop();
      await (await app)?.close();
    }
    if (interrupt.signal.aborted && whenInterrupted === 'finish') process.exitCode = EXIT.interrupted;
  };
}

/** Loaded when a command needs it, so that help and usage errors come at once. */
async function openApp({ state, logLevel }: GlobalOptions): Promise<App> {
  const { createApp } = await import('../app/index.ts');
  return createApp({ stateDirectory: state, env: process.env, logger: createLogger(logLevel) });
}
