import type { Command } from 'commander';
import type { NotifyTestOutcome } from '../../app/index.ts';
import { EXIT } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import type { Column } from '../render/table.ts';
import type { Runner } from '../session.ts';

export function registerNotify(program: Command, run: Runner): void {
  const notify = program
    .command('notify')
    .helpCommand(false)
    .summary('who is told of what happens')
    .description('Works with the notifications that the configuration asks for; "pristine guard" sends them.')
    .addHelpText(
      'after',
      examples(['pristine notify test --config pristine.yaml', 'try whether messages arrive']),
    );
  registerTest(notify, run);
}

function registerTest(notify: Command, run: Runner): void {
  notify
    .command('test')
    .requiredOption('--config <file>', 'configuration, as YAML')
    .option('--target <name>', 'this one alone')
    .summary('send a test to every target')
    .description(
      'Sends a test message to every target of the configuration, once, and says what came of it. Exit code 1 when one has not taken it. UDP has no answer: there, success means that it was sent.',
    )
    .addHelpText(
      'after',
      examples(
        ['pristine notify test --config pristine.yaml', 'to every target'],
        ['pristine notify test --config pristine.yaml --target chat', 'to one'],
      ),
    )
    .action(({ config, target }: { config: string; target?: string }) =>
      run(async ({ app, options, out, progress, signal }) => {
        progress.update('sending');
        const only = target === undefined ? {} : { target };
        const outcomes = await (await app()).notifyTest({ configFile: config, ...only, signal });
        progress.stop();
        if (options.json) out.json(outcomes);
        else out.table(outcomes, COLUMNS);
        return outcomes.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
      }, 'finish'),
    );
}

const COLUMNS: Column<NotifyTestOutcome>[] = [
  { title: 'TARGET', cell: ({ target }) => target },
  { title: 'TYPE', cell: ({ type }) => type },
  {
    title: 'TAKEN',
    cell: ({ ok }) => (ok ? { text: 'yes', style: 'green' } : { text: 'no', style: 'red' }),
  },
  { title: 'MS', cell: ({ ms }) => String(ms) },
  { title: 'WHY NOT', cell: ({ error }) => error ?? '', flexible: true },
];
