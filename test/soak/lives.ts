/** Containers that start, work, are refused something, and die. */
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../src/host/index.ts';
import { docker, testLabel } from '../support/engine.ts';

/** What every container does, beginning with its very first program; says `tried` and when, before what must not say `ran`. */
const LIFE = `tried() { echo tried $(date +%s%3N); }
try() { cp /bin/echo "$1"; tried; "$1" ran; rm -f "$1"; }
try /tmp/at-once
i=0; while [ $i -lt "$1" ]; do
  i=$((i+1)); echo "line $i" >> /var/log/app.log; date > /tmp/now; cat /tmp/now >/dev/null
  try /tmp/dropped-$i
  echo 'echo ran' > /tmp/script; tried; sh /tmp/script
  mkdir -p /data/$i; echo x > /data/$i/file; [ $i -eq 1 ] || rm -r /data/$((i-1)); sleep 0.5
done; sleep "$2"`;

interface Kind {
  readonly options?: readonly string[];
  /** Seconds that it stays when its work is done. */
  readonly stays?: number;
  /** What happens to it on the way. */
  readonly fate?: (id: string) => Promise<unknown>;
}

const KINDS: readonly Kind[] = [
  {},
  { options: ['-v', '/data'], stays: 60, fate: (id) => docker('kill', id) },
  { options: ['--tmpfs', '/data:exec', '--tmpfs', '/tmp:exec'] },
  { stays: 60, fate: (id) => docker('restart', '-t', '0', id).then(() => sleep(1000)) },
  {
    stays: 60,
    fate: (id) =>
      docker('pause', id)
        .then(() => sleep(300))
        .then(() => docker('unpause', id)),
  },
  { options: ['--read-only', '--tmpfs', '/tmp:exec', '--tmpfs', '/var/log', '--tmpfs', '/data'] },
];

/** A program or script that the image never held, run or read by a shell. */
export interface Attempt {
  readonly container: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ran: boolean;
}

/**
 * Lives the `number`th life, of two to five seconds; the container is removed at its end.
 * @param name the container's, by which the guard knows that it is to be guarded
 */
export async function live(image: string, name: string, number: number): Promise<Attempt[]> {
  const { options = [], stays = 0, fate } = KINDS[number % KINDS.length] ?? {};
  const steps = 2 + (number % 3);
  try {
    await docker(
      ...['run', '-d', '--name', name, '--label', testLabel(), '--network', 'none', ...options, image],
      ...['/bin/sh', '-c', LIFE, 'sh', String(steps), String(stays)],
    );
    await sleep(500 + steps * 400);
    await fate?.(name);
    if (stays === 0) await docker('wait', name);
    const said = [...(await docker('logs', name)).matchAll(/^tried (\d+)(\nran)?$/gm)];
    return said.map(([, at, ran]) => ({ container: name, at: Number(at), ran: ran !== undefined }));
  } finally {
    await run('docker', ['rm', '-f', '-v', name]);
  }
}
