import type { Command } from 'commander';
import type { EngineStatus } from '../../engine/index.ts';
import { examples } from '../examples.ts';
import type { Output } from '../render/output.ts';
import type { Runner } from '../session.ts';

export function registerEngine(program: Command, run: Runner): void {
  const engine = program
    .command('engine')
    .helpCommand(false)
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
        const { engine: privateEngine } = await app();
        const before = await privateEngine.status();
        const status = await privateEngine.up(note);
        const startedNow = status.private && !before.running;
        if (options.json) out.json({ ...status, startedNow });
        else if (status.private)
          out.line('the private engine ', startedNow ? 'is up' : 'was up already', ' at ', status.endpoint);
        else out.line('the engine at ', status.endpoint, ' answers; no private one was started');
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
        const stopped = await privateEngine.down({ purge: purge === true, say: note });
        if (options.json) out.json({ stopped, purged: purge === true });
        else
          out.line(
            'the private engine ',
            stopped ? 'is down' : 'did not run',
            purge === true ? '; its data is deleted' : '',
          );
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
  const { running, endpoint, pid, version, startedAt, dataRoot, logFile, bridge, addressPool } = status;
  if (!running) {
    out.line('the private engine does not run; "pristine engine up" starts it');
    return;
  }
  out.line('the private engine runs', version === null ? ', but does not answer' : `, version ${version}`);
  out.line('  endpoint   ', endpoint);
  out.line('  process    ', `${pid ?? '-'}, since ${startedAt ?? '-'}`);
  out.line('  data       ', dataRoot);
  out.line('  log        ', logFile);
  out.line('  network    ', `${bridge}${addressPool === null ? '' : `, addresses from ${addressPool}`}`);
}
