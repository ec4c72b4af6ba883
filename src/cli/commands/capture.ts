import type { Command } from 'commander';
import { examples } from '../examples.ts';
import type { Runner } from '../session.ts';

export function registerCapture(program: Command, run: Runner): void {
  program
    .command('capture')
    .argument('<name>', 'name or id of a container')
    .summary('seal evidence of a container now')
    .description(
      'Captures and seals evidence of a container by hand. The container is left as it is, so that what it does meanwhile may blur the picture; --freeze pauses it first, cuts its network, and leaves it so.',
    )
    .option('--freeze', 'pause the container and cut its network first')
    .addHelpText(
      'after',
      examples(
        ['pristine capture web', 'without disturbing it'],
        ['pristine capture --freeze web', 'of a container that is to be examined'],
      ),
    )
    .action((name: string, { freeze }: { freeze?: boolean }) =>
      run(async ({ app, options, out, progress, signal }) => {
        progress.update(`capturing ${name}`);
        const { capture } = await app();
        const kept = await capture(name, { freeze: freeze === true, onProgress: progress.update, signal });
        progress.stop();
        if (options.json) return void out.json(kept);
        out.line('evidence ', { text: kept.bundle, style: 'bold' }, ' is sealed in ', kept.path);
        out.line(name, kept.frozen ? ' is frozen: paused' : ' was left as it was');
      }, 'finish'),
    );
}
