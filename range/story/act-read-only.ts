import { printable } from '../../src/kernel/index.ts';
import { attack } from '../attacker/attack.ts';
import { visit } from '../system/page.ts';
import { READ_ONLY_OPTIONS, startSite } from '../system/system.ts';
import { type Stage, targetAt } from './context.ts';
import type { DiffJson } from './pristine.ts';
import type { ReadOnlyReport } from './report.ts';
import { tellStep } from './telling.ts';

/** The article's last word: the same attack on the same image, run read-only. */
export async function actReadOnly(stage: Stage): Promise<ReadOnlyReport> {
  const { narrator, checks, docker, pristine, signal, systemOptions, system } = stage;
  narrator.act('The same attack on a read-only container');
  narrator.say(`docker run ${READ_ONLY_OPTIONS.join(' ')} ...`);
  const site = await narrator.task('starting the read-only front end', () =>
    startSite(systemOptions, system, systemOptions.names.readOnlyWeb, { extra: READ_ONLY_OPTIONS }),
  );
  const before = await visit(site.url, { signal });
  narrator.startClock();
  const steps = await attack(targetAt(stage, site.url), {
    pace: 'steady',
    onStep: (step) => tellStep(narrator, step),
    signal,
  });
  const log = await docker.attempt(['logs', site.container], { signal });
  const refusals = log.stderr
    .split('\n')
    .filter((line) => line.includes('Read-only file system'))
    .map(printable);
  narrator.say('');
  narrator.say('the web server says:');
  narrator.quote(refusals.join('\n'), 4);
  const outcome = (id: string) => steps.find((step) => step.id === id)?.outcome;
  checks.check(
    'the writes were refused',
    outcome('deface') === 'refused' && outcome('download') === 'refused' && refusals.length >= 2,
    `"${refusals[0] ?? 'no such line in the log'}"`,
  );
  const after = await visit(site.url, { signal });
  const same = after.content === before.content && after.hostname === before.hostname;
  checks.check('the page never changed', same, same ? 'identical, by the same container' : 'it did');
  const { drift, findings } = await pristine.json<DiffJson>(['diff', site.container], { signal });
  checks.check('nothing changed', findings.length === 0, `pristine diff: ${findings.length} findings`);
  return {
    options: READ_ONLY_OPTIONS,
    steps,
    refusals,
    changedPaths: drift.changes.map(({ path }) => printable(path)),
    findings: findings.length,
  };
}
