/**
 * `npm run corpus [-- NAME…] [--json]`: hardens services that nobody made for it. The table on standard output,
 * progress on standard error; exit code 0 when all are hardened.
 */
import { join } from 'node:path';
import { program } from 'commander';
import { defaultStateDirectory } from '../../src/host/index.ts';
import { EXIT, packageRoot, printable } from '../../src/kernel/index.ts';
import { exitCodeFor, interruptSignal } from '../interrupt.ts';
import { findEngine } from '../story/engine.ts';
import { createNarrator } from '../story/narrator.ts';
import { corpusTable } from './report.ts';
import { runCorpus } from './run-corpus.ts';
import type { CorpusResult } from './run-service.ts';
import { SERVICES } from './services/index.ts';

const say = (sentence: string) => console.error(`corpus: ${sentence}`);

const signal = interruptSignal(say);

program
  .name('npm run corpus --')
  .description(
    `Works out read-only configurations for services as Debian packages them, proves them, and runs them. Needs root; a private engine is started where none answers.\n\nServices: ${SERVICES.map(({ name }) => name).join(', ')}`,
  )
  .argument('[name...]', 'services to harden; without any, all')
  .option('--json', 'print one JSON document, with every plan')
  .action(main);

await program.parseAsync();

async function main(names: string[], { json }: { readonly json?: boolean }): Promise<void> {
  const unknown = names.find((name) => !SERVICES.some((service) => service.name === name));
  if (unknown !== undefined)
    program.error(`error: there is no service ${printable(unknown)}`, { exitCode: EXIT.usage });
  const services = SERVICES.filter(({ name }) => names.length === 0 || names.includes(name));
  const narrator = createNarrator(process.stderr, { plain: false });
  const pristine = join(packageRoot, 'bin/pristine');
  const state = process.env.PRISTINE_STATE || defaultStateDirectory();
  try {
    const { docker, release } = await findEngine(pristine, state, narrator, signal);
    try {
      const onLeft = (left: string[]) => say(`could not remove ${left.join(', ')}`);
      const { task } = narrator;
      const onResult = ({ service, hardened, reasons }: CorpusResult) =>
        say(hardened ? `${service} is hardened` : `${service} is not: ${reasons.map(printable).join('; ')}`);
      const results = await runCorpus({
        ...{ docker, task, services, signal, onResult, onLeft },
        labelled: 'pristine.test',
      });
      console.log(json === true ? JSON.stringify(results) : corpusTable(results));
      process.exitCode = results.every(({ hardened }) => hardened) ? EXIT.ok : EXIT.failed;
    } finally {
      await release();
    }
  } catch (error) {
    process.exitCode = exitCodeFor(error, signal, say);
  }
}
