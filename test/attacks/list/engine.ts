/** What comes by the engine, and what was there before the guard. */
import type { Attack } from '../attack.ts';

const DRIFT = 'A file that the image does not hold is not executed, however it came in.';
const EARLIER = 'What a file is does not depend on when it was written.';

function around(id: string, title: string, run: string, more: Partial<Attack> = {}): Attack {
  return {
    ...{ id, title, technique: 'T1105', where: 'default', expected: 'denied', why: DRIFT, run },
    ...more,
  };
}

export const ENGINE: Attack[] = [
  around('before-program', 'a program that was there before the guard began', '$B4/x', {
    why: EARLIER,
    before: 'put program $B4/x',
  }),
  around(
    'before-image-program',
    'an image’s program overwritten before the guard began',
    '/opt/tools/product',
    {
      why: EARLIER,
      technique: 'T1554',
      before: 'raw program > /opt/tools/product',
    },
  ),
  around('before-script', 'a script that was there before the guard began', 'sh $B4/x', {
    why: EARLIER,
    technique: 'T1059.004',
    before: 'text shell $B4/x',
  }),
  around('before-library', 'a library that was there before the guard began', 'LD_PRELOAD=$B4/x /bin/true', {
    why: EARLIER,
    technique: 'T1574.006',
    before: 'put library $B4/x',
  }),
  around(
    'already-running',
    'a process that ran before the guard began',
    'echo x > $B4/in; read -r said < $B4/out; echo "$said"',
    {
      expected: 'detected',
      technique: 'T1059',
      why: 'Nothing is taken from a process that runs already; the guard tells of it when it begins.',
      before: `mkfifo $B4/in $B4/out; cp /bin/sh $B4/x
setsid $B4/x -c 'while read -r line < $B4/in; do eval "$shell" > $B4/out; done' >/dev/null 2>&1 </dev/null &`,
    },
  ),
  around('docker-cp', 'copied in by docker cp', '/opt/attack-docker-cp-$N/program', {
    most: 20,
    fromHost: async ({ container, number, payload, docker }) => {
      const archive = Buffer.from(payload.environment.tar ?? '', 'base64');
      await docker(['exec', container, 'mkdir', '-p', `/opt/attack-docker-cp-${number}`]);
      await docker(['cp', '-', `${container}:/opt/attack-docker-cp-${number}`], archive);
    },
  }),
  around('docker-exec', 'uploaded by docker exec, and run by another', '$B4/$N', {
    most: 20,
    fromHost: async ({ container, folder, number, payload, docker }) => {
      const script = `mkdir -p ${folder}; cat > ${folder}/${number}; chmod 755 ${folder}/${number}`;
      await docker(['exec', '-i', container, 'sh', '-c', script], payload.program);
    },
  }),
  around(
    'docker-restart',
    'run by the entrypoint, after the container was restarted',
    'sleep 0.5; cat $B4/out; rm -f $B4/out',
    {
      most: 5,
      why: 'A container is armed again before its first program runs.',
      where: 'unconfined',
      technique: 'T1543',
      before:
        'put program $B4/x; printf "#!/bin/sh\\n$B4/x > $B4/out\\n" > /opt/autorun; chmod 755 /opt/autorun',
      fromHost: async ({ container, docker }) => {
        await docker(['restart', '-t', '0', container]);
      },
    },
  ),
  around('docker-pause', 'run after the container was paused and let go on', 'put program $W/x; $W/x', {
    most: 10,
    fromHost: async ({ container, docker }) => {
      await docker(['pause', container]);
      await docker(['unpause', container]);
    },
  }),
];
