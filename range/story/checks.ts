import type { Narrator } from './narrator.ts';
import type { Check } from './report.ts';

/** Collects what must be so, and tells each verdict as it falls. */
export interface Checks {
  readonly all: readonly Check[];
  /** Records a check; answers whether it passed. */
  check(name: string, ok: boolean, detail: string): boolean;
}

export function newChecks(narrator: Narrator): Checks {
  const all: Check[] = [];
  return {
    all,
    check(name, ok, detail) {
      all.push({ name, ok, detail });
      narrator.verdict(ok, ok ? `${name}: ${detail}` : `${name} -- ${detail}`);
      return ok;
    },
  };
}
