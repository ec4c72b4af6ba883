import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { packageRoot } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import type { Runner } from '../session.ts';

interface DemoOptions {
  readonly keep?: boolean;
  readonly repeat: number;
}

export function registerDemo(program: Command, run: Runner): void {
  program
    .command('demo')
    .summary('the whole story on a system of its own')
    .description(
      'Builds a small vulnerable site, attacks it, guards it, and shows what happens: the attack as it is seen, the sealed evidence, the pristine replacement, and the same attack against a read-only container. Touches only what it made, and removes it at the end.',
    )
    .option('--keep', 'leave the system running, and print how to play with it')
    .option('--repeat <n>', 'attack this often, for figures', times, 1)
    .addHelpText(
      'after',
      examples(['pristine demo', 'watch it'], ['pristine demo --json --repeat 20', 'measure it']),
    )
    .action(({ keep, repeat }: DemoOptions) =>
      run(async ({ options, out, signal }) => {
        // Nothing else needs the demo, its images and its attacker.
        const { demoFailure, runDemo } = await import('../../../range/index.ts');
        const json = options.json === true;
        const report = await runDemo({
          pristine: join(packageRoot, 'bin/pristine'),
          stateDirectory: options.state,
          keep: keep === true,
          json,
          repeat,
          out: json ? process.stderr : process.stdout,
          signal,
        });
        if (json) out.json(report);
        const failure = demoFailure(report);
        if (failure !== null) throw failure;
      }, 'finish'),
    );
}

function times(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It is a whole number from 1.');
  return number;
}
