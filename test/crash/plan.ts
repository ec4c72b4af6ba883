/** What the hook is told, and how points are named: the same at every run, whatever ids a run makes up. */

export const PLAN_VARIABLE = 'PRISTINE_TEST_CRASH';

/** A request is also `sent`: the engine has it, and its answer has not come. */
export type Moment = 'before' | 'sent' | 'after';

/** A moment of an effect, named or counted. */
export type Strike = { readonly point: string; readonly moment: Moment } | { readonly nth: number };

export interface CrashPlan {
  /** Gets a line for every moment that is reached: the moment, a tab, the effect. */
  readonly trace: string;
  readonly state: string;
  /** Names for ids that are known before. */
  readonly ids: Readonly<Record<string, string>>;
  /** Absent to record alone. */
  readonly at?: Strike;
  /** Whom it hits; processes of an engine by the files that hold their ids. */
  readonly target: 'agent' | readonly string[];
}

/** A path of a file or of a request, with everything that differs from run to run left out. */
export function labelOf(text: string, state: string, ids: Readonly<Record<string, string>> = {}): string {
  let label = text.replaceAll(state, '');
  for (const [id, name] of Object.entries(ids)) label = label.replaceAll(id, name);
  return label
    .replace(/^\/v1\.\d+/, '')
    .replace(/\?(.*)$/, (_, query: string) => query.match(/name=[^&]*/)?.map((name) => `?${name}`)[0] ?? '')
    .replaceAll(/\b(ev|inc|rep|ntf)-\d{8}t\d{6}-\w{6}/g, '$1-*')
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, '*')
    .replaceAll(/([.-])[0-9a-f]{8,16}\b/g, '$1*')
    .replaceAll(/\/\d+\b/g, '/*');
}
