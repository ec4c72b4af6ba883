import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import type { EvidenceShell } from '../../app/index.ts';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import type { Runner } from '../session.ts';
import { wrongUsage } from '../usage-error.ts';

export function registerEvidenceShell(evidence: Command, run: Runner): void {
  evidence
    .command('shell')
    .argument('<bundle>', 'id, folder or exported file of a bundle, or id of an incident')
    .summary('a shell in the evidence image')
    .description(
      "Opens the image's shell on the compromised filesystem as it was captured, in a container with no network, no capabilities, and a read-only root. The programs in it are the suspect's: trust nothing they print.",
    )
    .addHelpText('after', examples(['pristine evidence shell ev-20260102t030405-k3f9qz', 'look around']))
    .action((bundle: string) =>
      run(async ({ app, note, progress }) => {
        if (!process.stdin.isTTY || !process.stdout.isTTY) {
          throw wrongUsage(
            'a shell needs a terminal',
            `Run it in a terminal, or look with "pristine evidence show ${bundle}".`,
          );
        }
        progress.update(`loading the image of ${bundle} into the engine`);
        const shell = await (await app()).evidence.shell(bundle);
        progress.stop();
        try {
          note('no network, read-only, no capabilities; "exit" ends it');
          return await interact(shell);
        } finally {
          await shell.close();
        }
      }, 'finish'),
    );
}

/** Hands the terminal to the shell until it ends; answers with its exit code. */
function interact({ command: [program, ...args], env }: EvidenceShell): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('close', (code) => resolve(code ?? 1));
    child.on('error', (error) => {
      const missing = systemErrorCode(error) === 'ENOENT';
      reject(
        missing
          ? new PristineError(
              'E_NOT_SUPPORTED',
              `${program} is not installed, and the shell is opened with it`,
              {
                next: `Install the ${program} command line and run this again.`,
                cause: error,
              },
            )
          : error,
      );
    });
  });
}
