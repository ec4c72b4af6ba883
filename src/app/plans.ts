/** Plans for read-only containers, kept in the state directory: `plans/PLAN.json`. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { type HardeningPlan, hardeningPlanSchema } from '../contract/index.ts';
import { messageOf, PristineError, printable, systemErrorCode } from '../kernel/index.ts';
import { privateFolder, replaceFile } from '../linux/index.ts';
import { ensureStateDirectory } from './state-directory.ts';

const FOLDER = 'plans';
const SUFFIX = '.json';
/** As newId makes them: nothing else is taken for a file's name. */
const PLAN_ID = /^plan-[0-9a-z-]{1,64}$/;

/**
 * Keeps a plan; it is on disk when this resolves, and one of the same id is replaced as a whole.
 * @throws {PristineError} E_STATE
 */
export async function savePlan(stateDirectory: string, plan: HardeningPlan): Promise<void> {
  const content = `${JSON.stringify(hardeningPlanSchema.parse(plan), null, 2)}\n`;
  const path = fileOf(stateDirectory, plan.id);
  await ensureStateDirectory(stateDirectory);
  try {
    await privateFolder(join(stateDirectory, FOLDER));
    await replaceFile(path, content);
  } catch (error) {
    throw new PristineError('E_STATE', `the plan cannot be kept as ${path}: ${messageOf(error)}`, {
      next: 'Make room on the disk, or name another state directory with --state DIR.',
      cause: error,
    });
  }
}

/**
 * A plan by its id, or the newest one of a container by the container's name or id.
 * @throws {PristineError} E_NO_SUCH_PLAN, naming the nearest known one; E_STATE when its file is damaged
 */
export async function loadPlan(stateDirectory: string, reference: string): Promise<HardeningPlan> {
  if (PLAN_ID.test(reference)) {
    const plan = await readPlan(fileOf(stateDirectory, reference));
    if (plan !== null) return plan;
  }
  const plans = await listPlans(stateDirectory);
  const found = plans.find(({ container: { id, name } }) => name === reference || id === reference);
  if (found !== undefined) return found;
  const known = [...new Set(plans.flatMap(({ id, container }) => [id, container.name]))];
  const nearest = known.sort((a, b) => distance(a, reference) - distance(b, reference))[0];
  throw new PristineError('E_NO_SUCH_PLAN', `there is no plan for ${printable(reference)}`, {
    next:
      nearest === undefined
        ? '"pristine harden NAME" makes one; name another state directory with --state DIR.'
        : `Did you mean ${printable(nearest)}? "pristine harden NAME" makes a plan.`,
  });
}

/**
 * Every plan that is kept, newest first.
 * @throws {PristineError} E_STATE when the file of one is damaged
 */
export async function listPlans(stateDirectory: string): Promise<HardeningPlan[]> {
  const plans = await Promise.all((await planFiles(stateDirectory)).map(readPlan));
  return plans.filter((plan) => plan !== null).sort(newestFirst);
}

/** The newest plan for containers of a name that was proven with their image; null where there is none. */
export async function provenPlanFor(
  stateDirectory: string,
  { name, imageId }: { readonly name: string; readonly imageId: string },
): Promise<HardeningPlan | null> {
  // One damaged file must not keep a compromised container from being replaced the better way.
  const read = (path: string) => readPlan(path).catch(() => null);
  const plans = await Promise.all((await planFiles(stateDirectory)).map(read));
  const fits = (plan: HardeningPlan | null): plan is HardeningPlan =>
    plan?.proof.proven === true && plan.container.name === name && plan.container.imageId === imageId;
  return plans.filter(fits).sort(newestFirst)[0] ?? null;
}

function newestFirst(a: HardeningPlan, b: HardeningPlan): number {
  return b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id);
}

function fileOf(stateDirectory: string, id: string): string {
  if (!PLAN_ID.test(id)) {
    throw new PristineError('E_INTERNAL', `${printable(id)} is no id of a plan`, {
      next: 'Please report this.',
    });
  }
  return join(stateDirectory, FOLDER, `${id}${SUFFIX}`);
}

async function planFiles(stateDirectory: string): Promise<string[]> {
  const folder = join(stateDirectory, FOLDER);
  const names = await readdir(folder).catch((error) => {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const isPlan = (name: string) => name.endsWith(SUFFIX) && PLAN_ID.test(name.slice(0, -SUFFIX.length));
  return names.filter(isPlan).map((name) => join(folder, name));
}

/** Null when it is not there. */
async function readPlan(path: string): Promise<HardeningPlan | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw damaged(path, messageOf(error), error);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged(path, messageOf(error), error);
  }
  const { success, data, error } = hardeningPlanSchema.safeParse(content);
  if (success) return data;
  const [issue] = error.issues;
  throw damaged(path, `${issue?.path.join('.') || 'it'}: ${issue?.message}`, error);
}

function damaged(path: string, why: string, cause: unknown): PristineError {
  return new PristineError('E_STATE', `the plan ${path} cannot be used: ${printable(why)}`, {
    next: 'It is damaged, or another version of Pristine wrote it: remove it, and make it anew with "pristine harden NAME".',
    cause,
  });
}
