import type { Command, CommanderError } from 'commander';
import { PristineError } from '../kernel/index.ts';

/** Commander's complaint about the arguments as an error with a next step; undefined when it only showed help. */
export function usageError(
  error: CommanderError,
  program: Command,
  args: readonly string[],
): PristineError | undefined {
  if (error.exitCode === 0) return undefined;
  const [complaint = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hints.join(' ').replace(/^\(|\)$/g, '');
  const help = `"${namedCommand(program, args)} --help" shows what it takes.`;
  return new PristineError('E_USAGE', complaint, {
    next:
      suggestion === ''
        ? `Run ${help.replace(' shows what it takes', ' for what it takes')}`
        : `${suggestion} ${help}`,
  });
}

/** A complaint of a command's own about its arguments. */
export function wrongUsage(message: string, next: string): PristineError {
  return new PristineError('E_USAGE', message, { next });
}

/** The command that the arguments name, as far as they name one: `pristine evidence verify`. */
function namedCommand(program: Command, args: readonly string[]): string {
  let command = program;
  const names = [program.name()];
  for (const arg of args) {
    const next = command.commands.find((each) => each.name() === arg);
    if (next === undefined) continue;
    command = next;
    names.push(next.name());
  }
  return names.join(' ');
}
