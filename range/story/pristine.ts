/** Pristine as its user has it: the command, its JSON, its exit codes. */
import { type RunOptions, run } from '../../src/host/index.ts';
import { PristineError, printable } from '../../src/kernel/index.ts';

type PristineRunOptions = Pick<RunOptions, 'signal' | 'onStderr'>;

export interface PristineCommand {
  /** Path of the command. */
  readonly path: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Runs a command with `--json` and answers with what it printed.
   * @throws {PristineError} E_DEMO when it fails (drift or findings, exit code 3, are no failure) or prints no JSON
   */
  json<T>(args: readonly string[], options?: PristineRunOptions): Promise<T>;
  /** Runs a command and answers with its standard output. */
  text(args: readonly string[], options?: PristineRunOptions): Promise<string>;
}

/** Exit codes that are an answer: fine, and drift or findings present. */
const ANSWERS = [0, 3];

export function pristineCommand(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): PristineCommand {
  const text = async (args: readonly string[], options: PristineRunOptions = {}) => {
    const result = await run(path, args, { ...options, env: environment });
    if (ANSWERS.includes(result.code)) return result.stdout;
    const words = lastWords(result.stderr);
    throw new PristineError('E_DEMO', `"pristine ${args.join(' ')}" ended with ${result.code}: ${words}`, {
      next: 'Run the demo with --keep and try that command by hand.',
    });
  };
  const json = async <T>(args: readonly string[], options?: PristineRunOptions): Promise<T> => {
    const output = await text([...args, '--json'], options);
    try {
      return JSON.parse(output) as T;
    } catch (cause) {
      throw new PristineError(
        'E_DEMO',
        `"pristine ${args.join(' ')} --json" printed something else than JSON`,
        {
          next: 'This is a defect of Pristine; please report it.',
          cause,
        },
      );
    }
  };
  return { path, environment, json, text };
}

/** What a command said last on standard error: the message of its error, or its last lines. */
export function lastWords(text: string): string {
  const lines = text.trim().split('\n');
  const message = /^\{"error":.*"message":"((?:[^"\\]|\\.)*)"/.exec(lines.at(-1) ?? '')?.[1];
  return message === undefined ? lines.slice(-4).map(printable).join(' / ') : printable(message);
}

/** The parts of Pristine's JSON that the story looks at; src/contract documents the whole. */
export interface IncidentJson {
  readonly id: string;
  readonly container: { readonly id: string; readonly name: string };
  readonly state: 'open' | 'responding' | 'healed' | 'closed' | 'failed';
  readonly severity: string;
  readonly openedAt: string;
  readonly endedAt: string | null;
  readonly findings: readonly FindingJson[];
  readonly bundles: readonly string[];
  readonly replacement: { readonly id: string; readonly name: string } | null;
  readonly error?: string;
}

export interface FindingJson {
  readonly rule: string;
  readonly title: string;
  readonly severity: string;
  readonly attack: readonly string[];
  readonly path: string;
  readonly kind: string;
  readonly reason: string;
}

export interface TimelineJson {
  readonly at: string;
  readonly kind: string;
  readonly step?: string;
  readonly text: string;
}

export interface DiffJson {
  readonly drift: {
    readonly changes: readonly {
      readonly path: string;
      readonly kind: string;
      readonly after: { readonly mtime: string } | null;
    }[];
    readonly blindSpots: readonly string[];
  };
  readonly findings: readonly FindingJson[];
}

interface ProcessJson {
  readonly pid: number;
  readonly exe?: string;
  readonly commandLine?: readonly string[];
}

/** Code that was refused: of a `denied` line, and of a refused file's record. */
export interface DenialJson {
  readonly enforced: boolean;
  readonly path: string;
  readonly access: 'execute' | 'load' | 'read' | 'interpret';
  readonly sha256: string | null;
  readonly size: number;
  readonly reason: string;
  readonly writer: ProcessJson | null;
  readonly reader: (ProcessJson & { readonly sockets?: readonly string[] }) | null;
  readonly allow: { readonly path?: string };
  readonly times: number;
}

/** A record of `pristine evidence denied`. */
export interface DeniedFileJson {
  readonly incident: string;
  readonly denial: DenialJson;
  readonly kept: { readonly sha256: string; readonly size: number; readonly whole: boolean } | null;
}

export interface VerifyJson {
  readonly ok: boolean;
  readonly filesChecked: number;
  readonly bytesChecked: number;
  readonly problems: readonly { readonly subject: string; readonly detail: string }[];
}

/** A line of `pristine guard --json`. */
export type GuardLine =
  | {
      readonly type: 'watching';
      readonly container: { readonly id: string; readonly name: string };
      readonly sensor: string;
      readonly blindSpots: readonly string[];
      readonly protection: { readonly state: 'enforced' | 'told' | 'none'; readonly gaps: readonly string[] };
    }
  | { readonly type: 'prepared' }
  | { readonly type: 'ready'; readonly containers: number }
  | {
      readonly type: 'finding';
      readonly incident: string;
      readonly finding: FindingJson;
      readonly latencyMs?: number;
    }
  | ({ readonly type: 'denied'; readonly incident: string } & DenialJson)
  | {
      readonly type: 'step';
      readonly incident: string;
      readonly step: string;
      readonly phase: 'intent' | 'done' | 'failed';
      readonly text: string;
    }
  | { readonly type: 'incident'; readonly incident: IncidentJson }
  | {
      readonly type: 'gap';
      readonly reason: string;
      readonly rescanned: boolean;
      readonly lengthMs?: number;
    }
  | { readonly type: 'unwatched'; readonly reason: string }
  | { readonly type: 'problem'; readonly code: string; readonly message: string }
  | { readonly type: 'change' };
