import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Mode } from '../../contract/index.ts';
import { examples } from '../examples.ts';
import { createGuardPrinter } from '../render/guard-event.ts';
import type { Runner } from '../session.ts';

interface GuardCommandOptions {
  readonly mode?: Mode;
  readonly config?: string;
  readonly listen?: number;
  readonly all?: boolean;
}

export function registerGuard(program: Command, run: Runner): void {
  program
    .command('guard')
    .argument(
      '[name...]',
      'names or ids; without any, all that the configuration or a label pristine.mode chooses',
    )
    .summary('watch containers, and act on what is found')
    .description(
      'Watches containers in the foreground until it is interrupted, and prints what happens as it happens (with --json one JSON object a line). A line with the word "ready" says that all of them are watched. What --mode allows:\n  watch    see and tell, also what protect would refuse\n  protect  refuse to run what is not from the image, to load it as a library and to read it as a script\n  heal     protect; freeze, keep evidence, and put a pristine container in its place',
    )
    .addOption(
      new Option('--mode <mode>', 'how far to go, over configuration and labels').choices([
        'watch',
        'protect',
        'heal',
      ]),
    )
    .option('--config <file>', 'configuration, as YAML')
    .option(
      '--listen <port>',
      'serve the HTTP API on this port of the loopback address (0: any free one)',
      port,
    )
    .option('--all', 'also print expected changes')
    .addHelpText(
      'after',
      examples(
        ['pristine guard web db', 'watch two containers'],
        ['pristine guard --mode protect web', 'nothing runs in web that its image does not have'],
        ['pristine guard --mode heal web', 'and web is replaced when it is compromised'],
        ['pristine guard --config pristine.yaml --json', 'as configured, for scripts'],
      ),
    )
    .action((names: string[], { mode, config, listen, all }: GuardCommandOptions) =>
      run(async ({ app, options, out, note, signal }) => {
        const print = createGuardPrinter(out, { all: all === true });
        await (await app()).guard({
          names,
          flags: {
            ...(mode === undefined ? {} : { mode }),
            ...(config === undefined ? {} : { configFile: config }),
          },
          onEvent: (event) => {
            if (options.json) out.jsonLine(event);
            else print(event);
          },
          ...(listen === undefined ? {} : { listen }),
          onListening: (url) => note(`the API answers at ${url}`),
          signal,
        });
      }, 'success'),
    );
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return number;
}
