import type { Command } from 'commander';
import { EXIT } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import { printIncident } from '../render/incident.ts';
import { printRestorePlan } from '../render/restore-plan.ts';
import type { Runner } from '../session.ts';

export function registerRestore(program: Command, run: Runner): void {
  program
    .command('restore')
    .argument('<name>', 'name or id of a container')
    .summary('keep evidence, then replace a container')
    .description(
      'Freezes a container, puts a pristine container of the same image, configuration and volumes in its place, and seals and verifies evidence. An incident that is open, has failed or was given up is carried to its end. The order of the steps is that of the policy; see docs/recovery.md.',
    )
    .option('--dry-run', 'show what would be done, with every check that changes nothing')
    .option(
      '--force',
      'go on with evidence that does not verify and with differences that nobody explains; it is recorded',
    )
    .option('--config <file>', 'configuration file whose recovery policy counts')
    .addHelpText(
      'after',
      examples(
        ['pristine restore web', 'web as its image has it'],
        ['pristine restore --dry-run web', 'could it be, and how'],
      ),
    )
    .action((name: string, given: { dryRun?: boolean; force?: boolean; config?: string }) =>
      run(async ({ app, options, out, progress, signal }) => {
        const flags = given.config === undefined ? {} : { configFile: given.config };
        const { restore, planRestore } = await app();
        if (given.dryRun === true) {
          const plan = await planRestore(name, flags);
          if (options.json) out.json(plan);
          else printRestorePlan(out, plan);
          return plan.obstacles.length === 0 ? EXIT.ok : EXIT.failed;
        }
        progress.update(`restoring ${name}`);
        const force = given.force === true;
        const incident = await restore(name, { onProgress: progress.update, signal, force, ...flags });
        progress.stop();
        if (options.json) out.json(incident);
        else printIncident(out, incident, []);
        return EXIT.ok;
      }, 'finish'),
    );
}

export function registerRepave(program: Command, run: Runner): void {
  program
    .command('repave')
    .argument('<name>', 'name or id of a container')
    .summary('replace a container that nobody suspects')
    .description(
      'Puts a pristine container of the same image, configuration and volumes in the place of one that nobody suspects, to bound how long an attacker who is not seen can stay. The old one serves until the new one does, unless both would write to the same volume. No evidence is kept.',
    )
    .option('--config <file>', 'configuration file whose recovery policy counts')
    .addHelpText('after', examples(['pristine repave web', 'a fresh web, without an incident']))
    .action((name: string, { config }: { config?: string }) =>
      run(async ({ app, options, out, progress, signal }) => {
        const flags = config === undefined ? {} : { configFile: config };
        progress.update(`repaving ${name}`);
        const { repave } = await app();
        const { container, replacement } = await repave(name, {
          onProgress: progress.update,
          signal,
          ...flags,
        });
        progress.stop();
        if (options.json) out.json({ container, replacement });
        else out.line(name, ' is pristine again, as ', replacement?.id.slice(0, 12) ?? 'nothing');
      }, 'finish'),
    );
}

export function registerDiscard(program: Command, run: Runner): void {
  program
    .command('discard')
    .argument('<id>', 'id of an incident')
    .summary('remove the suspect that is kept beside its replacement')
    .description(
      'Removes the frozen container of an incident before the time that policy keeps it (keepSuspect). Its evidence was sealed and verified before; the ledger records the end.',
    )
    .addHelpText('after', examples(['pristine discard inc-20260102t030405-k3f9qz', 'its evidence stays']))
    .action((id: string) =>
      run(async ({ app, options, out }) => {
        const { discard } = await app();
        const incident = await discard(id);
        if (options.json) out.json(incident);
        else out.line('the suspect of ', id, ' is gone; its evidence stays');
      }, 'finish'),
    );
}
