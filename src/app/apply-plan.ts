import type { HardeningPlan, Incident, RefusedWrite } from '../contract/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import { isWithin, messageOf, newId, PristineError, printable } from '../kernel/index.ts';
import { respond, type StepReport, type Trial } from '../response/index.ts';
import type { Context } from './context.ts';
import { isAtLeast, liveDrift } from './live-writes.ts';
import { savePlan } from './plans.ts';
import { refusalsInOutput, rememberRefusals } from './refused-writes.ts';
import { responseDependencies } from './response-dependencies.ts';
import { meantBy } from './unfinished.ts';

export interface ApplyOptions {
  /** Throws when the hardened container, which is healthy, does not do what it should. */
  readonly check?: (hardened: ContainerDetails) => Promise<void>;
  readonly onProgress: (sentence: string) => void;
  readonly signal: AbortSignal;
}

export interface AppliedHardening {
  /** Of the hardened container. */
  readonly id: string;
  readonly name: string;
  readonly plan: string;
  /** Of the container that it replaces. */
  readonly replaced: string;
}

/**
 * Replaces a container by one that is hardened as a plan has it. What it holds in folders that become volumes goes
 * over. When the new one is not healthy, or the check fails, the original has its place again; also after a crash
 * in between, once the guard or this is run again.
 *
 * @throws {PristineError} E_NO_SUCH_CONTAINER; E_NOT_SUPPORTED, E_USAGE before anything is changed; E_UNHEALTHY,
 * E_REPLACE when the original serves on, with what was refused
 */
export async function applyPlan(
  context: Context,
  reference: string,
  plan: HardeningPlan,
  options: ApplyOptions,
): Promise<AppliedHardening> {
  const { onProgress, check } = options;
  const engine = await context.engine();
  const dependencies = await responseDependencies(context, undefined, onProgress);
  await savePlan(context.stateDirectory, plan);
  const trial = new ObservedTrial(engine, check);
  const failures: string[] = [];
  const carryOut = (id: string) =>
    respond(id, {
      ...dependencies,
      trial,
      onStep: ({ phase, text }: StepReport) => {
        if (phase === 'intent') onProgress(text);
        if (phase === 'failed') failures.push(text);
      },
    });
  const meant = await meantBy(reference, 'repave', dependencies);
  let ended = 'begun' in meant ? await carryOut(meant.begun) : null;
  if (ended === null || ended.plan === undefined) {
    const original = 'begun' in meant ? await engine.inspect(reference) : meant.container;
    await refuseUnlessSafe(context, engine, original, plan, options.signal);
    ended = await carryOut(await openHardening(context, original, plan));
  }
  if (ended.state === 'healed' && ended.replacement !== null)
    return { ...ended.replacement, plan: ended.plan ?? plan.id, replaced: ended.container.id };
  await rememberRefusals(context, ended.container, trial.refusals);
  throw rolledBack(ended, failures, trial.refusals);
}

async function openHardening(
  { store: openStore, clock }: Context,
  { id, name, image }: ContainerDetails,
  plan: HardeningPlan,
): Promise<string> {
  const [store, opened] = [await openStore(), newId('rep', clock)];
  await store.openIncident({
    ...{ id: opened, container: { id, name, image }, mode: 'watch', purpose: 'repave', plan: plan.id },
    openedAt: clock.now().toISOString(),
  });
  return opened;
}

/** Nothing may be lost by it that the plan does not know of, and it must be possible to go back. */
async function refuseUnlessSafe(
  context: Context,
  engine: Engine,
  original: ContainerDetails,
  { container, configuration: { mounts } }: HardeningPlan,
  signal: AbortSignal,
): Promise<void> {
  const { name, imageId, autoRemove, status } = original;
  const refuse = (why: string, next: string) => new PristineError('E_NOT_SUPPORTED', why, { next });
  if (imageId !== container.imageId)
    throw new PristineError('E_USAGE', `the plan was made for another image than ${name} is of`, {
      next: `Make one for the image that it has now: "pristine harden ${name}".`,
    });
  if (status !== 'running')
    throw refuse(`${name} does not run (${status})`, `Start it with "docker start ${name}", then try again.`);
  if (autoRemove)
    throw refuse(
      `${name} was started with --rm: it would be gone as soon as it is stopped, and could not come back`,
      'Start it without --rm, or use what "pristine harden --emit" prints.',
    );
  const { changes, findings } = await liveDrift(context, original, engine, signal);
  const worst = findings.find(isAtLeast('high'));
  if (worst !== undefined)
    throw new PristineError(
      'E_COMPROMISED',
      `${name} looks compromised, and its evidence would be lost: ${printable(worst.path)}: ${worst.title}`,
      {
        next: `Replace it and keep the evidence with "pristine restore ${name}", then harden what is there.`,
      },
    );
  const covered = (path: string) => mounts.some((mount) => isWithin(path, mount.path));
  const lost = changes.filter(({ path, after }) => after?.type === 'file' && !covered(path));
  if (lost.length === 0) return;
  const named = lost.slice(0, 5).map(({ path }) => printable(path));
  const more = lost.length > named.length ? ` and ${lost.length - named.length} more` : '';
  throw refuse(
    `${name} has written files that the plan has no place for, and that would be lost: ${named.join(', ')}${more}`,
    `Let the plan learn of them: "pristine harden ${name}". What is not needed can be deleted with "docker exec ${name} rm".`,
  );
}

/** Tries a replacement, and sees what was refused to it before it is taken away. */
class ObservedTrial implements Trial {
  readonly #engine: Engine;
  readonly #check: ApplyOptions['check'];
  refusals: readonly RefusedWrite[] = [];

  constructor(engine: Engine, check: ApplyOptions['check']) {
    this.#engine = engine;
    this.#check = check;
  }

  async check(id: string): Promise<void> {
    if (this.#check === undefined) return;
    try {
      await this.#check(await this.#engine.inspect(id));
    } catch (error) {
      throw new PristineError('E_UNHEALTHY', `it does not work: ${messageOf(error)}`, {
        next: 'The original is put back in its place.',
        cause: error,
      });
    }
  }

  async failed(id: string): Promise<void> {
    // What it said is a help; without it the roll-back goes on all the same.
    this.refusals = await refusalsInOutput(this.#engine, id).catch(() => []);
  }
}

function rolledBack(
  { container: { name }, error }: Incident,
  failures: readonly string[],
  refusals: readonly RefusedWrite[],
): PristineError {
  const paths = refusals.flatMap(({ path }) => (path === null ? [] : [printable(path)]));
  const refused = paths.length === 0 ? '' : `; refused were writes to ${paths.slice(0, 5).join(', ')}`;
  const why = failures[0] ?? error ?? 'its replacement was given up';
  return new PristineError(
    'E_UNHEALTHY',
    `${name} was not hardened, and serves as before: ${why}${refused}`,
    {
      next:
        paths.length === 0
          ? `Give "pristine harden ${name}" a --workload that does what failed, so that the plan learns of it.`
          : `"pristine harden ${name} --amend" takes what was refused into the plan.`,
    },
  );
}
