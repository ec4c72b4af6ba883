import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { printIncident } from '../render/incident.ts';
import type { Runner } from '../session.ts';

export function registerRestore(program: Command, run: Runner): void {
  program
    .command('restore')
    .argument('<name>', 'name or id of a container')
    .summary('keep evidence, then replace a container')
    .description(
      'Freezes a container, seals and verifies evidence, and puts a pristine container of the same image, configuration and volumes in its place. An incident that is open, or has failed, is carried to its end.',
    )
    .addHelpText('after', examples(['pristine restore web', 'web as its image has it']))
    .action((name: string) =>
      run(async ({ app, options, out, progress, signal }) => {
        progress.update(`restoring ${name}`);
        const { restore } = await app();
        const incident = await restore(name, { onProgress: progress.update, signal });
        progress.stop();
        if (options.json) out.json(incident);
        else printIncident(out, incident, []);
      }, 'finish'),
    );
}
