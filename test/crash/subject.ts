/** The container that a run is about: made, drifted, and looked at when all is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Inspect } from '../../src/engine/docker/vendor.ts';
import { BUSYBOX } from '../support/engine.ts';
import { type CrashHost, FAST } from './host.ts';
import type { Scenario } from './scenarios.ts';

export interface Subject extends AsyncDisposable {
  readonly name: string;
  readonly id: string;
  /** State directory of the agents. */
  readonly state: string;
  /** As it was before anything happened to it. */
  readonly before: Inspect;
  readonly port: number;
}

/** Serves what is in a volume, and writes to nothing but another, so that a replacement drifts by itself in no way. */
const SERVE =
  'if [ -d /data ] && [ ! -e /data/row ]; then echo row > /data/row; fi; ' +
  'trap exit TERM; httpd -p 80 -h /kept; while :; do sleep 1; done';

const NAME = 'web';
const PORT = 8080;
const WORDS: Readonly<Record<string, string>> = { NETWORK: 'back', VOLUME: 'kept', ADDRESS: '10.77.0.10' };

export async function makeSubject(host: CrashHost, scenario: Scenario): Promise<Subject> {
  await host.docker('network', 'create', '--subnet', '10.77.0.0/24', 'back');
  await host.docker('run', '--rm', '-v', 'kept:/kept', BUSYBOX, 'sh', '-c', 'echo kept > /kept/row');
  const id = await host.docker(
    ...['run', '-d', '--name', NAME, '-p', `127.0.0.1:${PORT}:80`, '--stop-timeout', '2'],
    ...['--label', `pristine.keep-suspect=${scenario.keepSuspect}`],
    ...scenario.options.map((option) =>
      option.replace(/NETWORK|VOLUME|ADDRESS/g, (word) => WORDS[word] ?? word),
    ),
    BUSYBOX,
    ...['sh', '-c', SERVE],
  );
  const state = mkdtempSync(join(FAST, 'pristine-crash-state-'));
  const before = await inspect(host, id);
  return {
    ...{ name: NAME, port: PORT, id, state, before },
    async [Symbol.asyncDispose]() {
      await removeAll(host, NAME);
      // A replacement has the original's anonymous volumes by name, so that they do not go with it.
      const volumes = (before.Mounts ?? []).flatMap(({ Name }) => Name ?? []);
      await host.docker('volume', 'rm', '-f', ...new Set(['kept', ...volumes]));
      await host.docker('network', 'rm', 'back');
      // The guard has ended, and the standby waited on.
      if (scenario.standby) await host.docker('network', 'rm', 'pristine-waiting').catch(() => {});
      for (const path of [state, `${state}.trace`]) rmSync(path, { recursive: true, force: true });
    },
  };
}

/** What the attacker leaves. */
export async function compromise(host: CrashHost, { id }: Subject): Promise<void> {
  const script = `mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > /var/www/html/s.php; cp /bin/busybox /usr/bin/dropped`;
  await host.docker('exec', id, 'sh', '-c', script);
}

export async function inspect(host: CrashHost, reference: string): Promise<Inspect> {
  const [found] = JSON.parse(await host.docker('inspect', '--type', 'container', reference)) as Inspect[];
  if (found === undefined) throw new Error(`no container ${reference}`);
  return found;
}

/** Containers with this name, or one that is made from it, running or not. */
export async function namedAfter(host: CrashHost, name: string): Promise<{ id: string; name: string }[]> {
  const listed = await host.docker('ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}}');
  return listed
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([id = '', its = '']) =>
      its === name || its.startsWith(`${name}-`) ? [{ id, name: its }] : [],
    );
}

async function removeAll(host: CrashHost, name: string): Promise<void> {
  for (const { id } of await namedAfter(host, name)) {
    await host.docker('update', '--restart', 'no', id).catch(() => {});
    await host.docker('rm', '-f', '-v', id).catch(() => {});
  }
}
