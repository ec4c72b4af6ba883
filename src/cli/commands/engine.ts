import type { Command } from 'commander';
import type { EngineStatus } from '../../engine/index.ts';
import { examples } from '../examples.ts';
import type { Output } from '../render/output.ts';
import type { Runner } from '../session.ts';

export function registerEngine(program: Command, run: Runner): void {
  const engine = program
    .command('engine')
    .summary('a private engine, for machines that have none')
    .description(
      'Starts and stops a private Docker Engine below the state directory; it touches no other engine.',
    )
    .addHelpText('after', examples(['pristine engine up', 'start it']));
  registerUp(engine, run);
  registerDown(engine, run);
  registerStatus(engine, run);
}

function registerUp(engine: Command, run: Runner): void {
  engine
    .command('up')
    .summary('start the private engine')
    .description(
      "Starts the private engine, and installs Debian's docker.io first where it is missing; says so.",
    )
    .addHelpText('after', examples(['pristine engine up', 'then "pristine ps" finds it']))
    .action(() =>
      run(async ({ app, options, out, note }) => {
        const status = await (await app()).engine.up(note);
        if (options.json) out.json(status);
        else printStatus(out, status);
      }, 'finish'),
    );
}

function registerDown(engine: Command, run: Runner): void {
  engine
    .command('down')
    .option('--purge', 'also delete its containers, images and volumes')
    .summary('stop the private engine')
    .description(
      'Stops the private engine and removes its network devices and mounts; what it stores is kept.',
    )
    .addHelpText('after', examples(['pristine engine down --purge', 'and leave nothing behind']))
    .action(({ purge }: { purge?: boolean }) =>
      run(async ({ app, options, out, note }) => {
        const { engine: privateEngine } = await app();
        await privateEngine.down({ purge: purge === true, say: note });
        if (options.json) out.json({ running: false, purged: purge === true });
        else out.line('the private engine is down', purge === true ? ' and its data is deleted' : '');
      }, 'finish'),
    );
}

function registerStatus(engine: Command, run: Runner): void {
  engine
    .command('status')
    .summary('whether the private engine runs')
    .description('Says whether the private engine runs and where it answers.')
    .addHelpText('after', examples(['pristine engine status --json', 'for scripts']))
    .action(() =>
      run(async ({ app, options, out }) => {
        const status = await (await app()).engine.status();
        if (options.json) out.json(status);
        else printStatus(out, status);
      }),
    );
}

function printStatus(out: Output, status: EngineStatus): void {
  for (const [name, value] of Object.entries(status)) out.line(`${name}: `, String(value ?? '-'));
}
