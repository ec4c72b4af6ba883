import { Command, Option } from 'commander';
import { defaultStateDirectory } from '../host/index.ts';
import { version } from '../kernel/index.ts';
import { registerAudit } from './commands/audit.ts';
import { registerCapture } from './commands/capture.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDiff } from './commands/diff.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEngine } from './commands/engine.ts';
import { registerEvidence } from './commands/evidence.ts';
import { registerGuard } from './commands/guard.ts';
import { registerHarden } from './commands/harden.ts';
import { registerIncident, registerIncidents } from './commands/incidents.ts';
import { registerLock, registerUnlock } from './commands/lock.ts';
import { registerNotify } from './commands/notify.ts';
import { registerPs } from './commands/ps.ts';
import { registerDiscard, registerRepave, registerRestore } from './commands/restore.ts';
import { examples } from './examples.ts';
import type { Runner } from './session.ts';

/** The command line: every command with its options, its help and an example. Errors are thrown, not printed. */
export function createProgram(run: Runner): Command {
  const program = new Command('pristine')
    .description(
      'Keeps containers immutable: sees every change against the image, seals the evidence, puts a pristine container in the place of a compromised one.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ outputError: () => {} })
    .addOption(
      new Option('--state <dir>', 'folder that holds everything Pristine keeps (mode 0700)')
        .env('PRISTINE_STATE')
        .default(defaultStateDirectory(), '/var/lib/pristine for root, else ~/.local/state/pristine'),
    )
    .option('--json', 'print JSON for scripts')
    .addOption(
      new Option('--log-level <level>', 'what is logged to standard error, as JSON lines')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .addHelpText(
      'after',
      examples(
        ['pristine demo', 'the story, live, on a system of its own'],
        ['pristine ps', 'how the containers of this host stand'],
        ['pristine guard web db', 'watch two of them'],
      ),
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 fine, 1 it failed, 2 wrong usage, 3 drift or findings present,
130 interrupted. DOCKER_HOST and Docker contexts are honoured; where there is no
engine, "pristine engine up" starts a private one.`,
    );
  const registrations = [
    ...[registerDemo, registerPs, registerDiff, registerGuard, registerIncidents, registerIncident],
    ...[registerEvidence, registerCapture, registerRestore, registerDiscard, registerRepave],
    ...[registerAudit, registerHarden, registerLock, registerUnlock],
    ...[registerNotify, registerDoctor, registerEngine],
  ];
  for (const register of registrations) register(program, run);
  return program;
}
