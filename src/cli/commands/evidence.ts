import type { Command } from 'commander';
import { EXIT } from '../../kernel/index.ts';
import { examples } from '../examples.ts';
import { BUNDLE_COLUMNS, printBundle, printDeniedEvidence, printVerifyReport } from '../render/evidence.ts';
import type { Runner } from '../session.ts';
import { registerEvidenceDenied } from './evidence-denied.ts';
import { registerEvidencePrune } from './evidence-prune.ts';
import { registerEvidenceShell } from './evidence-shell.ts';

const BUNDLE = 'id, folder or exported file of a bundle, or id of an incident';

export function registerEvidence(program: Command, run: Runner): void {
  const evidence = program
    .command('evidence')
    .helpCommand(false)
    .summary('list, check, look at, export and remove sealed evidence')
    .description('Works with sealed evidence. Every access but listing is recorded in the ledger.')
    .addHelpText('after', examples(['pristine evidence verify ev-20260102t030405-k3f9qz', 'check a seal']));
  registerList(evidence, run);
  registerVerify(evidence, run);
  registerShow(evidence, run);
  registerExport(evidence, run);
  registerEvidenceDenied(evidence, run);
  registerEvidencePrune(evidence, run);
  registerEvidenceShell(evidence, run);
}

function registerList(evidence: Command, run: Runner): void {
  evidence
    .command('list')
    .summary('list bundles')
    .description('Lists the bundles of this state directory, newest first.')
    .addHelpText('after', examples(['pristine evidence list', 'all bundles']))
    .action(() =>
      run(async ({ app, options, out }) => {
        const bundles = await (await app()).evidence.list();
        if (options.json) out.json(bundles);
        else if (bundles.length === 0) out.line('no evidence');
        else out.table(bundles, BUNDLE_COLUMNS);
      }),
    );
}

function registerVerify(evidence: Command, run: Runner): void {
  evidence
    .command('verify')
    .argument('<bundle>', BUNDLE)
    .summary('check the seal of a bundle')
    .description(
      "Checks every file of a bundle, its signature, the files that were refused in the course of its incident, and the ledger; names whatever was changed, removed, added or reordered. Elsewhere than on the host that captured it, this needs that host's public key. Exit code 3 when anything is wrong.",
    )
    .option('--key <file>', "public key of the host that captured it; this host's own by default")
    .addHelpText(
      'after',
      examples(['pristine evidence verify ./ev-20260102t030405-k3f9qz --key host.pub', 'on another machine']),
    )
    .action((bundle: string, { key }: { key?: string }) =>
      run(async ({ app, options, out, progress }) => {
        progress.update(`checking every file of ${bundle}`);
        const report = await (await app()).evidence.verify(bundle, key);
        progress.stop();
        if (options.json) out.json(report);
        else printVerifyReport(out, report);
        return report.ok ? EXIT.ok : EXIT.findings;
      }),
    );
}

function registerShow(evidence: Command, run: Runner): void {
  evidence
    .command('show')
    .argument('<bundle>', BUNDLE)
    .summary('what a bundle holds, and who had it')
    .description(
      'Shows of what, when and by whom a bundle was captured, what it holds and does not hold, and its custody; of an incident without a bundle, the files that were refused.',
    )
    .addHelpText(
      'after',
      examples(['pristine evidence show ev-20260102t030405-k3f9qz', 'contents and custody']),
    )
    .action((bundle: string) =>
      run(async ({ app, options, out }) => {
        const shown = await (await app()).evidence.show(bundle);
        if (options.json) out.json(shown);
        else if (shown.manifest === null) printDeniedEvidence(out, shown);
        else printBundle(out, shown);
      }),
    );
}

function registerExport(evidence: Command, run: Runner): void {
  evidence
    .command('export')
    .argument('<bundle>', BUNDLE)
    .requiredOption('--output <path>', 'tar file to write; never over an existing one')
    .summary('write a bundle as one file')
    .description('Writes a bundle, with all that is needed to verify it but the public key, as one tar file.')
    .addHelpText(
      'after',
      examples(['pristine evidence export ev-20260102t030405-k3f9qz --output case.tar', 'to hand it over']),
    )
    .action((bundle: string, { output }: { output: string }) =>
      run(async ({ app, options, out, progress }) => {
        progress.update(`writing ${output}`);
        const { path } = await (await app()).evidence.export(bundle, output);
        progress.stop();
        if (options.json) out.json({ bundle, path });
        else out.line('wrote ', path);
      }, 'finish'),
    );
}
