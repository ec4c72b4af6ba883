import type { Command } from 'commander';
import { EXIT } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import { printLock, printUnlock } from '../render/lock.ts';
import type { Runner } from '../session.ts';
import { wrongUsage } from '../usage-error.ts';

export function registerLock(program: Command, run: Runner): void {
  program
    .command('lock')
    .argument('<name>', 'name or id of a running container')
    .summary('make a running container read-only')
    .description(
      'Makes a running container read-only on the spot, without a restart: whatever in it opens a file for writing is refused (EROFS). Where a process has a file open for writing already, everything else is locked, and what could not be is named. Volumes and binds stay writable, and so does memory (/dev, /dev/shm, tmpfs), but nothing there in memory can be executed. Locking again adjusts what is allowed. The lock ends with "pristine unlock", or when the container stops. Exit code 3 when it is locked in part only.',
    )
    .option(
      '--allow <path>',
      'directory or file that stays as it is; absolute, may be given several times',
      collect,
    )
    .addHelpText(
      'after',
      examples(
        ['pristine lock web', 'nothing is written in web from now on'],
        ['pristine lock web --allow /var/cache/nginx --allow /run', 'but for two directories'],
      ),
    )
    .action((name: string, { allow = [] }: { allow?: string[] }) =>
      run(async ({ app, options, out, progress }) => {
        const allowed = [...new Set(allow.map(absolute))];
        progress.update(`locking ${name}`);
        const report = await (await app()).lock(name, allowed);
        progress.stop();
        if (options.json) out.json(report);
        else printLock(out, report);
        return report.state === 'locked' ? EXIT.ok : EXIT.findings;
      }, 'finish'),
    );
}

export function registerUnlock(program: Command, run: Runner): void {
  program
    .command('unlock')
    .argument('<name>', 'name or id of a container')
    .summary('undo a lock')
    .description(
      'Undoes exactly what "pristine lock" did to a container. A container that is not locked, or was restarted since, is left as it is.',
    )
    .addHelpText('after', examples(['pristine unlock web', 'web can write again']))
    .action((name: string) =>
      run(async ({ app, options, out, progress }) => {
        progress.update(`unlocking ${name}`);
        const report = await (await app()).unlock(name);
        progress.stop();
        if (options.json) out.json(report);
        else printUnlock(out, report);
        return report.failed.length === 0 ? EXIT.ok : EXIT.failed;
      }, 'finish'),
    );
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

/** An absolute path without anything that would have to be resolved. */
function absolute(path: string): string {
  const segments = path.split('/').slice(1);
  const plain = segments.at(-1) === '' ? segments.slice(0, -1) : segments;
  const isPlain = path.startsWith('/') && plain.every((name) => !['', '.', '..'].includes(name));
  if (isPlain && plain.length > 0 && !path.includes('\0')) return `/${plain.join('/')}`;
  throw wrongUsage(
    path === '/' ? '--allow / would leave nothing to lock' : `--allow ${path} is no plain absolute path`,
    'Give a path such as /var/cache/app, as it is in the container, without "." and "..".',
  );
}
