/**
 * `npm run bench [-- NAME…] [--quick] [--json | --markdown]`: what Pristine costs and how fast it is, against
 * others, on this machine. Results on standard output, progress on standard error.
 */
import { cpus, release, totalmem } from 'node:os';
import { program } from 'commander';
import { exitCodeFor, interruptSignal } from '../range/index.ts';
import { installPackages } from '../src/host/index.ts';
import { EXIT, printable, version } from '../src/kernel/index.ts';
import { audit } from './benchmarks/audit.ts';
import { captureLarge, captureSmall } from './benchmarks/capture.ts';
import { containerStart } from './benchmarks/container-start.ts';
import { detection } from './benchmarks/detection.ts';
import { writeLoop } from './benchmarks/files.ts';
import { idle } from './benchmarks/idle.ts';
import { integrityCheck } from './benchmarks/integrity-check.ts';
import { recovery } from './benchmarks/recovery.ts';
import { requests } from './benchmarks/requests.ts';
import { scan } from './benchmarks/scan.ts';
import { shellLoop } from './benchmarks/shell-loop.ts';
import { spawn } from './benchmarks/spawn.ts';
import { type Bench, openBench } from './harness/bench.ts';
import { markdownReport, textReport } from './harness/report.ts';
import { type BenchmarkResult, runBenchmark } from './harness/run-benchmark.ts';

const BENCHMARKS = [
  ...[spawn, shellLoop, requests, writeLoop, containerStart],
  ...[detection, scan, integrityCheck, idle, recovery, captureSmall, captureLarge],
  audit,
];

interface Options {
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const say = (sentence: string) => console.error(`bench: ${sentence}`);

const signal = interruptSignal(say);

program
  .name('npm run bench --')
  .description(
    `Measures what Pristine costs and how fast it is, against others, each sample in processes of its own, in alternating order. Needs root on Debian or Ubuntu and a container engine (a private one is started where none answers), and installs the Debian packages that it compares with. All of it takes about half an hour.\n\nBenchmarks:\n${BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join('\n')}`,
  )
  .argument('[name...]', 'benchmarks to run; without any, all')
  .option('--quick', 'few and small samples: shows that it works, and no more')
  .option('--json', 'print one JSON document, with every sample')
  .option('--markdown', 'print tables for a page')
  .action(main);

await program.parseAsync();

async function main(names: string[], options: Options): Promise<void> {
  const chosen = BENCHMARKS.filter(({ name }) => names.length === 0 || names.includes(name));
  const unknown = names.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) {
    program.error(`error: there is no benchmark ${printable(unknown)}`, { exitCode: EXIT.usage });
  }
  try {
    process.exitCode = await measure(chosen, options);
  } catch (error) {
    process.exitCode = exitCodeFor(error, signal, say);
  }
}

/** Answers with the exit code: 0 when everything was measured, whether or not it is as fast as wished. */
async function measure(chosen: typeof BENCHMARKS, options: Options): Promise<number> {
  const quick = options.quick === true;
  await using bench = await openBench({ quick, signal, say, note: say });
  const results: BenchmarkResult[] = [];
  for (const benchmark of chosen) {
    await installPackages(benchmark.packages ?? [], `the benchmark ${benchmark.name}`, say);
    const result = await runBenchmark(benchmark, bench);
    results.push(result);
    if (options.json !== true && options.markdown !== true) console.log(textReport(result));
  }
  const machine = await describeMachine(bench);
  if (options.json === true) {
    console.log(
      JSON.stringify({ version, at: new Date().toISOString(), quick, machine, benchmarks: results }),
    );
  } else if (options.markdown === true) {
    console.log(`${markdownReport(results)}\n\n${Object.values(machine).join(', ')}.`);
  } else {
    console.log(`\n${Object.values(machine).join(', ')}`);
  }
  return results.some(({ failures }) => failures.length > 0) ? EXIT.failed : EXIT.ok;
}

async function describeMachine({ docker }: Bench): Promise<Record<string, string>> {
  const engine = await docker.text(['version', '-f', '{{.Server.Version}}']);
  const storage = await docker.text(['info', '-f', '{{.Driver}}']);
  return {
    cores: `${cpus().length} cores`,
    processor: (cpus()[0]?.model ?? 'unknown processor').trim(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    kernel: `Linux ${release()}`,
    engine: `Docker Engine ${engine} (${storage})`,
    node: `Node.js ${process.versions.node}`,
  };
}
