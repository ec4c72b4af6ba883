/** The article's story, from an empty engine to an empty engine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PristineError, version } from '../../src/kernel/index.ts';
import { servedFiles } from '../attacker/attacker-server.ts';
import { ensureDemoImages } from '../images/build.ts';
import { newRunNames, type RunNames } from '../system/labels.ts';
import { visit } from '../system/page.ts';
import { removeAll } from '../system/remove-all.ts';
import { readDatabase, startBackground, startSite } from '../system/system.ts';
import { actAftermath } from './act-aftermath.ts';
import { attackGuarded, judge } from './act-guarded.ts';
import { actProtected } from './act-protected.ts';
import { actReadOnly } from './act-read-only.ts';
import { actUnguarded } from './act-unguarded.ts';
import { newChecks } from './checks.ts';
import { NOT_PROTECTED, tellClosing } from './closing.ts';
import type { Stage } from './context.ts';
import { type FoundEngine, findEngine } from './engine.ts';
import type { GuardProcess } from './guard-process.ts';
import { withGuard } from './guarding.ts';
import { keepRunning } from './keep.ts';
import { summariseLatency } from './measure.ts';
import { createNarrator, type Narrator, type Output } from './narrator.ts';
import { pristineCommand } from './pristine.ts';
import type { DemoReport, GuardedAttack } from './report.ts';

export interface DemoOptions {
  /** Path of the `pristine` command. */
  readonly pristine: string;
  /** The user's own state directory: holds the private engine, where one must be started. */
  readonly stateDirectory: string;
  /** Leaves the system and a guard running. */
  readonly keep: boolean;
  /** Plain lines without colours: a script reads the report. */
  readonly json: boolean;
  /** Attacks on the guarded site, one after the other. */
  readonly repeat: number;
  /** Where the story is told: standard output, or standard error where that holds the report. */
  readonly out: Output;
  /** Ends the demo early, cleanly. */
  readonly signal: AbortSignal;
}

const PREPARED_WITHIN_MS = 120_000;
const READY_WITHIN_MS = 60_000;

/**
 * Runs the whole demo. Removes all it made (but images, which are a cache), however it ends, unless `keep`.
 *
 * @returns the report; `ok` is false, and `checks` say why, when something did not go as it must
 * @throws {PristineError} when the story cannot go on: E_DEMO and the errors of engine and packages
 * @throws the signal's reason when it was ended early
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const narrator = createNarrator(options.out, { plain: options.json });
  const names = newRunNames();
  const startedAt = new Date().toISOString();
  const state = await mkdtemp(join(tmpdir(), 'pristine-demo-'));
  let engine: FoundEngine | undefined;
  let told: Omit<DemoReport, 'leftBehind' | 'endedAt' | 'startedAt'> | undefined;
  const leftBehind: string[] = [];
  try {
    narrator.act('The stage');
    engine = await findEngine(options.pristine, options.stateDirectory, narrator, options.signal);
    told = await tellStory(options, narrator, names, engine, state);
    options.signal.throwIfAborted();
  } catch (error) {
    options.signal.throwIfAborted();
    throw error;
  } finally {
    if (told?.kept == null)
      leftBehind.push(...(await cleanUp(narrator, engine, names, state, options.signal.aborted)));
  }
  const removed = leftBehind.length === 0;
  if (told.kept === null)
    narrator.verdict(removed, removed ? 'nothing is left behind but the images' : leftBehind.join(', '));
  return { ...told, startedAt, endedAt: new Date().toISOString(), ok: told.ok && removed, leftBehind };
}

/** What went wrong in a demo that ran to its end, as an error that names it; null when nothing did. */
export function demoFailure(report: DemoReport): PristineError | null {
  if (report.ok) return null;
  const failed = report.checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name} (${detail})`);
  const left = report.leftBehind.map((thing) => `left behind: ${thing}`);
  return new PristineError('E_DEMO', `not as it must be: ${[...failed, ...left].join('; ')}`, {
    next: 'Run it again with --keep and look at the incident and at the guard; report it if it stays so.',
  });
}

async function cleanUp(
  narrator: Narrator,
  engine: FoundEngine | undefined,
  names: RunNames,
  state: string,
  interrupted: boolean,
): Promise<string[]> {
  // A docker command that was interrupted may have left the engine in the middle of making something.
  if (interrupted) await sleep(500);
  return narrator.task('removing everything the demo made', async () => {
    const left: string[] = [];
    const attempt = (work: Promise<unknown>) => work.catch((error) => left.push(messageOf(error)));
    if (engine !== undefined)
      await attempt(removeAll(engine.docker, names.label).then((found) => left.push(...found)));
    await attempt(rm(state, { recursive: true, force: true }));
    if (engine !== undefined) await attempt(engine.release());
    return left;
  });
}

async function tellStory(
  options: DemoOptions,
  narrator: Narrator,
  names: RunNames,
  engine: FoundEngine,
  state: string,
): Promise<Omit<DemoReport, 'leftBehind' | 'endedAt' | 'startedAt'>> {
  const { signal } = options;
  const { docker } = engine;
  const checks = newChecks(narrator);
  const pristine = pristineCommand(options.pristine, { ...docker.environment, PRISTINE_STATE: state });
  narrator.say(`everything made here carries the label ${names.label}`);
  narrator.say(`engine ${engine.report.version}${engine.report.startedNow ? ', started for this demo' : ''}`);

  const { stage, images } = await setStage({ narrator, checks, docker, pristine, signal }, names);
  const unguarded = await actUnguarded(stage);
  const protectedAttack = await actProtected(stage);

  narrator.act('The attack, and Pristine heals');
  const guarded = await withGuard(stage, stage.site.container, 'heal', (guard) =>
    guardedAttacks(stage, guard, options.repeat),
  );
  const last = guarded.at(-1);
  if (last === undefined) throw new Error('no attack was made');

  const aftermath = await actAftermath(stage, last);
  const readOnly = await actReadOnly(stage);
  const latency = summariseLatency(guarded);
  tellClosing(narrator, { unguarded, protectedAttack, guarded, readOnly: readOnly.steps, latency });
  const kept = options.keep ? await keepRunning(stage, state, engine.report) : null;
  return {
    schema: 'pristine-demo/1',
    version,
    run: names.run,
    ok: checks.all.every(({ ok }) => ok),
    checks: checks.all,
    engine: engine.report,
    images,
    pristine: stage.before,
    unguarded,
    protected: protectedAttack,
    guarded,
    latency,
    aftermath,
    readOnly,
    notProtected: NOT_PROTECTED,
    kept,
  };
}

type Means = Pick<Stage, 'narrator' | 'checks' | 'docker' | 'pristine' | 'signal'>;

async function setStage(
  means: Means,
  names: RunNames,
): Promise<{ stage: Stage; images: DemoReport['images'] }> {
  const { narrator, checks, docker, signal } = means;
  const { images } = await ensureDemoImages(docker, narrator.task, signal);
  const systemOptions = { docker, names, images, signal };
  const system = await narrator.task('starting the database', () => startBackground(systemOptions));
  const served = await servedFiles(docker, names.attacker, signal);
  const site = await narrator.task('starting the front end', () =>
    startSite(systemOptions, system, names.web),
  );
  const page = await visit(site.url, { signal });
  const database = await readDatabase(docker, system, signal);
  narrator.say(`the guest house is open at ${site.url}`);
  checks.check(
    'the site greets, links and shows its guests',
    page.hostname !== null &&
      page.links.length === 1 &&
      page.guests.length === database.length &&
      database.length > 0,
    `hostname ${page.hostname}, linked to ${page.links.join(', ')}, ${page.guests.length} guests of ${database.length}`,
  );
  return {
    stage: { ...means, systemOptions, system, served, site, before: { page, database } },
    images: Object.values(images),
  };
}

async function guardedAttacks(stage: Stage, guard: GuardProcess, repeat: number): Promise<GuardedAttack[]> {
  const { narrator } = stage;
  // On a host of one's own this is long over when an attacker comes.
  await narrator.task('the guard is keeping the image’s layers for the evidence', () =>
    guard.waitFor('prepared', ({ type }) => type === 'prepared', { withinMs: PREPARED_WITHIN_MS }),
  );
  const attacks: GuardedAttack[] = [];
  for (let i = 0; i < repeat; i++) {
    if (i > 0) narrator.say(`attack ${i + 1} of ${repeat}`);
    const from = guard.lines.length;
    const result = await attackGuarded(stage, guard);
    judge(stage, guard, result, from);
    attacks.push(result);
    if (i + 1 < repeat) await watchesAgain(guard, result, from);
  }
  return attacks;
}

/** The next attack is fair only once the replacement is watched. */
async function watchesAgain(guard: GuardProcess, { hostname }: GuardedAttack, from: number): Promise<void> {
  const isReplacement = (id: string) => hostname.after !== null && id.startsWith(hostname.after);
  await guard.waitFor(
    'watching the replacement',
    (line) => line.type === 'watching' && isReplacement(line.container.id),
    { from, withinMs: READY_WITHIN_MS },
  );
}
