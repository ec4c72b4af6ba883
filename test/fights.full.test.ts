/** The attacker fights back, and operators interfere: nothing is lost, the service runs, nothing is left over. */
import { describe, expect, test } from 'vitest';
import { docker } from './support/engine.ts';
import { ATTACK, BALLAST, eventually, expectWon, killerOf, startFight, WEB_SHELL } from './support/fight.ts';
import { smallDisk } from './support/guard.ts';

const KEPT = ['--label', 'pristine.keep-suspect=1h'];

describe('the attacker', () => {
  test.each([
    { step: 'decide', options: ['--rm'] },
    { step: 'decide', options: ['--restart', 'always'] },
    { step: 'freeze', options: ['--restart', 'always'] },
    { step: 'replace', options: ['--rm'] },
    { step: 'capture', options: ['--rm'] },
    { step: 'capture', options: ['--restart', 'always'] },
    { step: 'verify', options: [] },
  ] as const)('kills PID 1 at the step "$step", started with "$options"', async ({ step, options }) => {
    await using fight = await startFight({ options });
    const kill = await killerOf(fight.suspect.id);
    // The end of the container can come before that of the script.
    const attack = fight.suspect.sh(`${BALLAST}; ${ATTACK}`).catch(() => {});
    await fight.at(step);
    kill();
    await attack;
    // The engine is refused what --rm asks of it.
    await expectWon(fight, { problems: ['E_ENGINE_REFUSED'] });
  });

  test('ends the container right after the attack, and it is started again by its restart policy', async () => {
    await using fight = await startFight({ options: ['--restart', 'always'] });
    // Its own end may break the exec off.
    await fight.suspect.sh(`${ATTACK}; kill 1`).catch(() => {});
    await expectWon(fight);
  });

  test('deletes its files right after they are written', async () => {
    await using fight = await startFight();
    const script =
      'cp /bin/busybox /tmp/x; /tmp/x sleep 100 & rm -f /tmp/x; echo "<?php eval($x);" > /tmp/y.php; rm /tmp/y.php';
    await fight.suspect.sh(`${script}; wait; :`);
    const incident = await expectWon(fight, { evidence: [] });
    const denied = await fight.pristine<{ path: string }[]>('evidence', 'denied', incident.id);
    expect(JSON.stringify(denied)).toContain('/tmp/x');
  });

  test('forks as fast as it can while it is being frozen', async () => {
    await using fight = await startFight({ options: ['--pids-limit', '400'] });
    const storm = 'i=0; while [ $i -lt 4 ]; do (while :; do (:) & (:) & wait; done) & i=$((i+1)); done';
    await docker('exec', '-d', fight.suspect.id, 'sh', '-c', storm);
    await fight.suspect.sh(ATTACK);
    await expectWon(fight);
  });

  test('writes more to the upper layer than the disk of the evidence holds', async () => {
    using disk = smallDisk('48m');
    await using fight = await startFight({ state: disk.path, evidence: { keepFree: 8 << 20 } });
    await fight.suspect.sh(`head -c 60000000 /dev/urandom > /tmp/filler; ${ATTACK}`);
    await fight.guard.waitFor('problem', ({ code }) => code === 'E_DISK_FULL');
    // The service runs already, and the suspect is kept with all it has.
    expect(await docker('inspect', '-f', '{{.State.Status}}', fight.suspect.id)).toBe('paused');
    expect(await docker('inspect', '-f', '{{.State.Status}}', fight.suspect.name)).toBe('running');
    disk.grow('200m');
    await expectWon(fight, { problems: ['E_DISK_FULL'] });
  });

  test('writes 100 MB to its log', async () => {
    await using fight = await startFight({
      command: ['sh', '-c', 'trap exit TERM; mkfifo /run/log; while :; do cat /run/log; done'],
    });
    await fight.suspect.sh(
      `yes 0123456789012345678901234567890123456789 | head -c 100000000 > /run/log; ${ATTACK}`,
    );
    await expectWon(fight);
  });

  test('makes a file of 50 GB that holds nothing', async () => {
    await using fight = await startFight();
    await fight.suspect.sh(`truncate -s 50G /tmp/holes; ${ATTACK}`);
    await expectWon(fight, { evidence: [WEB_SHELL, '/tmp/holes'] });
  });

  test('makes 100,000 small files', async () => {
    await using fight = await startFight({ options: ['--label', 'pristine.allow=/many/**'] });
    await fight.suspect.sh(`mkdir /many; cd /many; seq 100000 | xargs touch; ${ATTACK}`);
    await expectWon(fight, { problems: [] });
  });
});

describe('an operator', () => {
  test.each([
    ['docker unpause', ['unpause']],
    ['docker restart', ['restart', '-t', '0']],
    ['docker network connect', ['network', 'connect', 'bridge']],
  ])('%s of the suspect while its evidence is captured, and when it is kept', async (_name, words) => {
    await using fight = await startFight({ options: ['--network', 'bridge', ...KEPT] });
    await fight.suspect.sh(`${BALLAST}; ${ATTACK}`);
    await fight.at('capture');
    await docker(...words, fight.suspect.id);
    const look = '{{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{json .NetworkSettings.Networks}}';
    const isFrozen = async () => (await docker('inspect', '-f', look, fight.suspect.id)) === 'paused no {}';
    await fight.guard.healed();
    await eventually(isFrozen);
    await docker(...words, fight.suspect.id);
    await eventually(isFrozen);
    await expectWon(fight, { kept: true });
  });

  test.each(['decide', 'freeze', 'replace'] as const)(
    'renames the suspect at the step "%s"',
    async (step) => {
      await using fight = await startFight();
      await fight.suspect.sh(ATTACK);
      await fight.at(step);
      await docker('rename', fight.suspect.id, `${fight.suspect.name}-elsewhere`).catch(() => {});
      await expectWon(fight);
    },
  );
});
