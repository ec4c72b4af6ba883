/** Who watches or guards a container while something is measured. */
import type { Bench } from '../harness/bench.ts';
import type { BenchContainer } from '../harness/container.ts';
import { startFapolicyd } from './fapolicyd.ts';
import { startPristine } from './pristine.ts';

export const GUARDIANS = ['unguarded', 'watch', 'protect', 'fapolicyd'] as const;
export type Guardian = (typeof GUARDIANS)[number];

/** Those that refuse to run what the image does not have. */
const REFUSING: readonly Guardian[] = ['protect', 'fapolicyd'];

/**
 * Sets a guardian on a container; resolves when it has begun. Disposing takes it away.
 *
 * @throws when it does not start
 */
export async function startGuardian(
  bench: Bench,
  guardian: Guardian,
  container: BenchContainer,
): Promise<AsyncDisposable> {
  switch (guardian) {
    case 'unguarded':
      return { async [Symbol.asyncDispose]() {} };
    case 'watch':
    case 'protect':
      return startPristine(bench, {
        mode: guardian,
        names: [container.name],
        enforces: guardian === 'protect',
      });
    case 'fapolicyd':
      return startFapolicyd(bench, container);
  }
}

/**
 * Sees to it that what was measured did guard: a copy of a program must be refused, or must run where nobody
 * refuses. Done after the measurement, because a refusal is work.
 */
export async function checkGuardian(
  { docker, signal }: Bench,
  guardian: Guardian,
  container: BenchContainer,
): Promise<void> {
  const script = 'cp /usr/bin/true /var/tmp/copied && /var/tmp/copied && echo ran || echo refused';
  const answer = await docker.text(['exec', container.id, 'sh', '-c', script], { signal });
  const expected = REFUSING.includes(guardian) ? 'refused' : 'ran';
  if (answer !== expected) {
    throw new Error(
      `a program that the image does not have was not ${expected}, so nothing can be said of it`,
    );
  }
}
