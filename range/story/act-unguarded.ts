import { type AttackStep, attack } from '../attacker/attack.ts';
import { shellsServed } from '../attacker/attacker-server.ts';
import { startSite } from '../system/system.ts';
import { type Stage, targetAt } from './context.ts';
import { tellStep } from './telling.ts';

/**
 * The attack on a front end that nobody guards: every step must work, so that what foils it later is the
 * defence and not a weak attack. The front end is thrown away afterwards.
 */
export async function actUnguarded(stage: Stage): Promise<AttackStep[]> {
  const { narrator, checks, docker, signal, systemOptions, system } = stage;
  narrator.act('The attack, and nobody is watching');
  const { names } = systemOptions;
  const site = await narrator.task('starting a front end that nobody guards', () =>
    startSite(systemOptions, system, names.unguardedWeb),
  );
  narrator.startClock();
  const since = new Date().toISOString();
  const steps = await attack(targetAt(stage, site.url), {
    pace: 'steady',
    onStep: (step) => tellStep(narrator, step),
    signal,
  });
  const served = await shellsServed(docker, names.attacker, since);
  const failed = steps.filter(({ outcome }) => outcome !== 'worked').map(({ id }) => id);
  checks.check(
    'the attack is a real one',
    failed.length === 0 && served === 1,
    failed.length > 0
      ? `these steps did not work: ${failed.join(', ')}`
      : `all ${steps.length} steps worked, and the attacker's server handed out ${served} shell`,
  );
  await docker.text(['rm', '-f', '-v', site.container], { signal });
  return steps;
}
