import { type Command, Option } from 'commander';
import { EXIT } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import { printContent, printDockerLines } from '../render/content.ts';
import type { Runner } from '../session.ts';
import { wrongUsage } from '../usage-error.ts';

interface DiffOptions {
  readonly format?: 'table' | 'docker' | 'json';
  readonly content?: string;
  readonly all?: boolean;
}

export function registerDiff(program: Command, run: Runner): void {
  program
    .command('diff')
    .argument('<name>', 'name or id of a container, or id or folder of an evidence bundle')
    .summary("what differs from a container's image")
    .description(
      "Shows what differs from the container's image, and what the rules say of it. The table lists changes that nothing explains; --all lists every change. Exit code 3 when there are findings.",
    )
    .addOption(
      new Option('--format <format>', '"docker" prints what docker diff prints, "json" is --json').choices([
        'table',
        'docker',
        'json',
      ]),
    )
    .option('--content <path>', "compare the content of one file with the image's")
    .option('--all', 'also list expected changes, identical copies and mountpoints, with their explanation')
    .addHelpText(
      'after',
      examples(
        ['pristine diff web', 'unexpected changes of the container web'],
        ['pristine diff web --content /var/www/html/index.html', 'what was written into a file'],
        ['pristine diff web --format docker', 'as docker diff prints it'],
        ['pristine diff web --json || test $? -eq 3', 'for scripts; 3 means findings'],
      ),
    )
    .action((name: string, { format, content, all }: DiffOptions) =>
      run(async ({ app, options, out, progress, signal }) => {
        if (content !== undefined && (format !== undefined || all === true)) {
          throw wrongUsage(
            '--content shows one file and goes with neither --format nor --all',
            'Leave one of them out.',
          );
        }
        if (options.json && format !== undefined && format !== 'json') {
          throw wrongUsage(`--json and --format ${format} contradict each other`, 'Leave one of them out.');
        }
        progress.update(`reading what differs in ${name}`);
        const { diff, diffAsDocker, diffContent } = await app();
        if (content !== undefined) {
          const result = await diffContent(name, content);
          progress.stop();
          if (options.json) out.json(result);
          else printContent(out, result);
          return EXIT.ok;
        }
        if (format === 'docker') {
          const lines = await diffAsDocker(name, signal);
          progress.stop();
          printDockerLines(out, lines);
          return EXIT.ok;
        }
        const result = await diff(name, signal);
        progress.stop();
        if (options.json || format === 'json') out.json(result);
        else {
          // The rules come with it, which help and other commands need not load.
          const { printDiff } = await import('../render/diff.ts');
          printDiff(out, result, all === true);
        }
        return result.findings.length > 0 ? EXIT.findings : EXIT.ok;
      }),
    );
}
