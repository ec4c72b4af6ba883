import { type Command, Option } from 'commander';
import type { AuditReport, Grade } from '../../contract/index.ts';
import { EXIT, parseDuration } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import { printAudit } from '../render/audit.ts';
import type { Runner } from '../session.ts';
import { wrongUsage } from '../usage-error.ts';

interface Given {
  readonly sarif?: boolean;
  readonly failBelow?: Grade;
  readonly watch?: string;
  readonly all?: boolean;
}

const GRADES: Grade[] = ['A', 'B', 'C', 'D', 'F'];

export function registerAudit(program: Command, run: Runner): void {
  program
    .command('audit')
    .argument('[name...]', 'names or ids of containers; without any, all that run')
    .summary('what containers allow an intruder, item by item')
    .description(
      'The posture of each container from its real configuration, processes, mounts and image: first what was found, then the items that fail, with their numbers in the CIS Docker Benchmark 1.6.0 and what to do, then a grade and how it comes about. What cannot be looked at is unknown, never ok. Nothing in a container is run. Exit code 3 when an item fails; with --fail-below when a container\'s grade is worse. The grade of "pristine ps" is of the configuration alone.',
    )
    .addOption(
      new Option('--fail-below <grade>', 'exit with 3 only when a grade is worse than this').choices(GRADES),
    )
    .option(
      '--watch <duration>',
      'watch meanwhile which files of the image are opened, and tell what never was',
    )
    .option('--sarif', 'print SARIF 2.1.0, for code scanning in CI')
    .option('--all', 'also list the items that are fine')
    .addHelpText(
      'after',
      examples(
        ['pristine audit', 'every container that runs'],
        ['pristine audit web --watch 60s', 'one of them, and what of its image it uses'],
        ['pristine audit --fail-below C --sarif > audit.sarif', 'in CI'],
      ),
    )
    .action((names: string[], given: Given) =>
      run(async ({ app, options, out, progress, signal }) => {
        if (options.json && given.sarif) {
          throw wrongUsage('--json and --sarif contradict each other', 'Leave one of them out.');
        }
        const watchSeconds = given.watch === undefined ? null : seconds(given.watch);
        progress.update(watchSeconds === null ? 'looking at each container' : 'watching what is opened');
        const { audit, auditAsSarif } = await app();
        const report = await audit({ references: names, watchSeconds, signal });
        progress.stop();
        if (given.sarif) out.json(await auditAsSarif(report));
        else if (options.json) out.json(report);
        else printAudit(out, report, given.all === true);
        return hasFindings(report, given.failBelow) ? EXIT.findings : EXIT.ok;
      }),
    );
}

/** Whether something failed, or, with a threshold, whether a grade is worse than that. */
function hasFindings({ containers }: AuditReport, failBelow?: Grade): boolean {
  if (failBelow === undefined)
    return containers.some(({ items }) => items.some(({ status }) => status === 'failed'));
  return containers.some(({ grade }) => GRADES.indexOf(grade) > GRADES.indexOf(failBelow));
}

function seconds(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === null || parsed === 0)
    throw wrongUsage(`--watch ${text} is no duration`, 'Give a number with a unit, such as 30s or 5m.');
  return parsed / 1000;
}
