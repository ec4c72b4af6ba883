import { type Command, Option } from 'commander';
import type { EmitFormat } from '../../app/index.ts';
import type { HardeningPlan } from '../../contract/index.ts';
import { EXIT, PristineError, parseDuration } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import { printPlan } from '../render/plan.ts';
import type { Runner } from '../session.ts';
import { wrongUsage } from '../usage-error.ts';

interface Given {
  readonly workload: string[];
  readonly http: string[];
  readonly emit?: EmitFormat;
  readonly apply?: boolean;
  readonly unproven?: boolean;
  readonly allowExec?: boolean;
  readonly amend?: boolean;
  readonly readyTimeout: string;
  readonly workloadTimeout: string;
  readonly maxData: string;
}

const FORMATS: EmitFormat[] = ['run', 'compose', 'swarm', 'kubernetes'];

const collect = (value: string, before: string[]) => [...before, value];

export function registerHarden(program: Command, run: Runner): void {
  program
    .command('harden')
    .argument('<name>', 'name or id of a container')
    .summary('work out what it must write, run it read-only with just that, and prove it')
    .description(
      'Lets isolated copies of a container run and sees what they write; plans the fewest places that must stay writable, the capabilities and the user that it needs; and proves the plan: read-only, twice, with your workload, a reload and a restart. The live container and its data are only read. The plan is printed with its reasons and kept; --emit gives the configuration, --apply puts it in place. See docs/hardening.md.',
    )
    .option(
      '--workload <command>',
      'a command of this host that uses the copy once, and fails when it does not work: it finds it by PRISTINE_CONTAINER (id) and PRISTINE_PORT_80 (127.0.0.1:port), for each port; PRISTINE_ROUND is 2 after the restart; may be repeated',
      collect,
      [],
    )
    .option('--prove <command>', 'the same as --workload', collect, [])
    .option('--http <port[/path]>', 'a page that must be served; may be repeated', collect, [])
    .addOption(new Option('--emit <format>', 'print the plan as a configuration').choices(FORMATS))
    .option(
      '--apply',
      'replace the container by the hardened one; it comes back by itself if that does not work',
    )
    .option('--unproven', 'emit or apply a plan even though its proof failed')
    .option('--allow-exec', 'let programs run from places that stay writable, where it ran some')
    .option('--amend', 'allow what the container was refused to write while a guard ran')
    .option('--ready-timeout <duration>', 'longest time until a copy is ready', '60s')
    .option('--workload-timeout <duration>', 'longest time that a workload may take', '120s')
    .option(
      '--max-data <mebibytes>',
      'most live data that is copied; more begins as the image has it',
      '2048',
    )
    .addHelpText(
      'after',
      examples(
        ['pristine harden web --http 80/index.php', 'a plan for web, proven with a page'],
        ['pristine harden web --workload ./smoke-test --emit run | sh', 'run it so'],
        ['pristine harden web --http 80 --apply', 'put the hardened one in its place'],
      ),
    )
    .action((name: string, given: Given & { prove: string[] }) =>
      run(async ({ app, options, out, progress, note, signal }) => {
        const request = {
          commands: [...given.workload, ...given.prove],
          pages: given.http,
          allowExec: given.allowExec === true,
          amend: given.amend === true,
          readyMs: duration('--ready-timeout', given.readyTimeout),
          workloadMs: duration('--workload-timeout', given.workloadTimeout),
          mostData: mebibytes(given.maxData),
        };
        progress.update(`hardening ${name}`);
        const { harden, emitPlan, applyPlan } = await app();
        const plan = await harden(name, { ...request, onProgress: progress.update, signal });
        progress.stop();
        if (!plan.proof.proven && given.unproven !== true && (given.emit ?? given.apply) !== undefined)
          throw unproven(name, plan);
        const emitted = given.emit === undefined ? null : await emitPlan(plan, given.emit);
        const applied =
          given.apply === true
            ? await applyPlan(plan, { ...request, onProgress: progress.update, signal })
            : null;
        progress.stop();
        if (options.json) out.json({ ...plan, ...(emitted && { emitted }), ...(applied && { applied }) });
        else if (emitted !== null) out.raw(emitted);
        else printPlan(out, plan);
        if (applied !== null) note(`${name} runs hardened, as ${applied.id.slice(0, 12)}`);
        if (plan.proof.proven) return EXIT.ok;
        note(`the plan is not proven: ${plan.proof.failures.join('; ')}`);
        return EXIT.failed;
      }, 'finish'),
    );
}

function unproven(name: string, { proof }: HardeningPlan): PristineError {
  return new PristineError('E_UNPROVEN', `the plan for ${name} is not proven: ${proof.failures.join('; ')}`, {
    next: 'See the plan with "pristine harden" alone, give another --workload, or insist with --unproven.',
  });
}

function duration(option: string, text: string): number {
  const parsed = parseDuration(text);
  if (parsed === null || parsed === 0)
    throw wrongUsage(`${option} ${text} is no duration`, 'Give a number with a unit, such as 90s or 5m.');
  return parsed;
}

function mebibytes(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw wrongUsage(`--max-data ${text} is no number of mebibytes`, 'Give a whole number, such as 2048.');
  return Number(text) * 1024 ** 2;
}
