import type { Command } from 'commander';
import { EXIT } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import { printDoctor } from '../render/doctor.ts';
import type { Runner } from '../session.ts';

export function registerDoctor(program: Command, run: Runner): void {
  program
    .command('doctor')
    .summary('what this host and engine allow')
    .description(
      'Tries what this host and engine allow, and says what falls back to polling and why. Exit code 1 when no engine answers.',
    )
    .addHelpText('after', examples(['pristine doctor', 'before the first guard']))
    .action(() =>
      run(async ({ app, options, out, progress }) => {
        progress.update('trying what this host allows');
        const report = await (await app()).doctor();
        progress.stop();
        if (options.json) out.json(report);
        else printDoctor(out, report);
        return report.engine.ok ? EXIT.ok : EXIT.failed;
      }),
    );
}
