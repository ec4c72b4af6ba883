import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { DENIED_COLUMNS, DENIED_OF_ALL_COLUMNS } from '../render/denied.ts';
import { count } from '../render/human.ts';
import type { Runner } from '../session.ts';
import { wrongUsage } from '../usage-error.ts';

export function registerEvidenceDenied(evidence: Command, run: Runner): void {
  evidence
    .command('denied')
    .argument('[incident]', 'id of an incident; all by default')
    .option('--output <dir>', 'folder to make and write the refused files into, each under its SHA-256')
    .summary('files that were refused, as they were then')
    .description(
      'Lists the files that containers were refused to run or read, whole as they were at the refusal even if they were deleted at once, with who made and who used them. --output writes them, without any right to be executed.',
    )
    .addHelpText(
      'after',
      examples(
        ['pristine evidence denied', 'of all incidents'],
        ['pristine evidence denied inc-20260102t030405-k3f9qz --output case', 'to examine them'],
      ),
    )
    .action((incident: string | undefined, { output }: { output?: string }) =>
      run(async ({ app, options, out, progress }) => {
        if (output !== undefined && incident === undefined)
          throw wrongUsage('--output writes the files of one incident', 'Name the incident.');
        if (output !== undefined && incident !== undefined) {
          progress.update(`writing to ${output}`);
          const { path, files } = await (await app()).evidence.exportDenied(incident, output);
          progress.stop();
          if (options.json) out.json({ incident, path, files });
          else out.line('wrote ', count(files, 'file'), ' to ', path);
          return;
        }
        const denied = await (await app()).evidence.denied(incident);
        if (options.json) out.json(denied);
        else if (denied.length === 0) out.line('no refused files');
        else out.table(denied, incident === undefined ? DENIED_OF_ALL_COLUMNS : DENIED_COLUMNS);
      }, 'finish'),
    );
}
