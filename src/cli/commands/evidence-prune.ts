import type { Command } from 'commander';
import type { Retention } from '../../contract/index.ts';
import { examples } from '../examples.ts';
import { printPruneReport } from '../render/prune.ts';
import type { Runner } from '../session.ts';
import { wrongUsage } from '../usage-error.ts';

interface Flags {
  readonly config?: string;
  readonly maxAge?: string;
  readonly maxBytes?: string;
  readonly onlyExported?: boolean;
  readonly dryRun?: boolean;
}

export function registerEvidencePrune(evidence: Command, run: Runner): void {
  evidence
    .command('prune')
    .option('--config <file>', 'configuration whose "evidence" says what is kept')
    .option('--max-age <duration>', 'remove what is older, e.g. 90d')
    .option('--max-bytes <bytes>', 'remove the oldest until the rest has no more bytes on disk')
    .option('--only-exported', 'keep what was never exported in any case')
    .option('--dry-run', 'only say what would be removed')
    .summary('remove old evidence')
    .description(
      'Removes the oldest bundles and refused files beyond an age or a size. Evidence of an incident that is not over, or whose suspect is kept, stays. The ledger records each removal before it happens, and stays whole.',
    )
    .addHelpText(
      'after',
      examples(['pristine evidence prune --max-age 90d --only-exported --dry-run', 'what would go']),
    )
    .action((flags: Flags) =>
      run(async ({ app, options, out, progress }) => {
        const { config, dryRun = false } = flags;
        progress.update('looking at the age and size of all evidence');
        const request = {
          ...(config !== undefined && { configFile: config }),
          limits: limitsOf(flags),
          dryRun,
        };
        const report = await (await app()).evidence.prune(request);
        progress.stop();
        if (options.json) out.json(report);
        else printPruneReport(out, report, dryRun);
      }, 'finish'),
    );
}

function limitsOf({ maxAge, maxBytes, onlyExported }: Flags): Retention {
  if (maxBytes !== undefined && !/^\d{1,15}$/.test(maxBytes))
    throw wrongUsage(`--max-bytes ${maxBytes} is no whole number`, 'Give bytes, e.g. 10000000000.');
  return {
    ...(maxAge !== undefined && { maxAge }),
    ...(maxBytes !== undefined && { maxBytes: Number(maxBytes) }),
    ...(onlyExported !== undefined && { onlyExported }),
  };
}
