/** Whether all has ended right: each sentence is one thing that has not. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../src/contract/index.ts';
import { differencesOf } from '../../src/engine/docker/compare.ts';
import type { Inspect } from '../../src/engine/docker/vendor.ts';
import { createEvidenceStore } from '../../src/evidence/index.ts';
import { messageOf, systemClock } from '../../src/kernel/index.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import type { CrashHost } from './host.ts';
import type { Scenario } from './scenarios.ts';
import { inspect, namedAfter, type Subject } from './subject.ts';

export async function wrongThings(host: CrashHost, scenario: Scenario, subject: Subject): Promise<string[]> {
  const wrong: string[] = [];
  const check = async (work: () => Promise<string[]>) => {
    await work().then(
      (found) => wrong.push(...found),
      (error) => wrong.push(messageOf(error)),
    );
  };
  const records = recordsIn(subject.state);
  if (records.length !== 1) wrong.push(`${records.length} incidents`);
  if (records.some(({ ended_at }) => ended_at === null))
    wrong.push(`one is ${records[0]?.state}, and has not ended`);
  const incident = await incidentOf(subject.state);
  await check(() => containersOf(host, scenario, subject, incident));
  await check(() => replacementOf(host, subject, scenario.target === 'agent'));
  await check(() => serviceOf(host, subject));
  await check(() => evidenceOf(scenario, subject, incident));
  wrong.push(...leftInState(subject.state, scenario.keepSuspect !== '0'));
  return wrong;
}

interface RecordRow {
  readonly id: string;
  readonly state: string;
  readonly ended_at: string | null;
}

/** Incidents and repaves of a state directory. */
export function recordsIn(state: string): RecordRow[] {
  const path = join(state, 'pristine.db');
  if (!existsSync(path)) return [];
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    return database.prepare('select id, state, ended_at from incident').all() as unknown as RecordRow[];
  } catch {
    // It was struck before the tables were there.
    return [];
  } finally {
    database.close();
  }
}

async function incidentOf(state: string): Promise<Incident | null> {
  const store = await openSqliteStore(join(state, 'pristine.db'));
  try {
    return (await store.incidents())[0] ?? null;
  } finally {
    await store.close();
  }
}

async function containersOf(
  host: CrashHost,
  { keepSuspect, command }: Scenario,
  { name, id }: Subject,
  incident: Incident | null,
): Promise<string[]> {
  const there = await namedAfter(host, name);
  const kept = keepSuspect !== '0' && command !== 'repave';
  const wrong = there.flatMap((container) =>
    container.name === name || (kept && container.id === id) || container.name === `${name}-standby`
      ? []
      : [`a stray container ${container.name}`],
  );
  const current = there.find((container) => container.name === name);
  if (current?.id === id) wrong.push('it was not replaced');
  if (incident !== null && incident.replacement?.id !== current?.id) {
    wrong.push(`the incident names ${incident.replacement?.id ?? 'no replacement'}, not ${current?.id}`);
  }
  if (!kept) return wrong;
  const suspect = await inspect(host, id);
  if (suspect.State.Running && !suspect.State.Paused) wrong.push('the suspect runs');
  const networks = Object.keys(suspect.NetworkSettings.Networks ?? {});
  if (networks.length > 0) wrong.push(`the suspect is on ${networks.join(', ')}`);
  if (suspect.HostConfig.RestartPolicy?.Name !== 'no') wrong.push('the suspect would be started again');
  return wrong;
}

/** A program may still be starting, and so may an engine that came back and answers. */
const SETTLED_WITHIN_MS = 15_000;

async function replacementOf(
  host: CrashHost,
  { name, before }: Subject,
  alwaysUp: boolean,
): Promise<string[]> {
  const deadline = Date.now() + (alwaysUp ? 0 : SETTLED_WITHIN_MS);
  let now = await inspect(host, name);
  while (!isUp(now) && Date.now() < deadline) {
    await sleep(100);
    now = await inspect(host, name);
  }
  const wrong = isUp(now) ? [] : [`the replacement is ${now.State.Status}`];
  for (const { path, before: was, after, because } of differencesOf(before, now)) {
    if (because === null) wrong.push(`${path} was ${JSON.stringify(was)}, is ${JSON.stringify(after)}`);
  }
  const [was, is] = [essence(before), essence(now)];
  for (const key of Object.keys(was)) {
    if (was[key] !== is[key]) wrong.push(`${key} was ${was[key]}, is ${is[key]}`);
  }
  return wrong;
}

function isUp({ State: { Running, Paused } }: Inspect): boolean {
  return Running && !Paused;
}

/** The same, told without the differ that the response itself uses. */
function essence({ Id: id, Image: image, Config, HostConfig, Mounts, NetworkSettings }: Inspect) {
  const { Env, Cmd, Labels, Hostname } = Config as typeof Config & { Cmd?: string[] };
  const labels = Object.entries(Labels ?? {}).filter(
    ([label]) =>
      !['pristine.incident', 'pristine.replaces', 'pristine.image'].includes(label) &&
      !label.startsWith('pristine.standby-'),
  );
  const networks = Object.entries(NetworkSettings.Networks ?? {}).map(([name, endpoint]) => [
    name,
    endpoint?.IPAMConfig?.IPv4Address,
    (endpoint?.Aliases ?? []).filter((alias) => !id.startsWith(alias)).sort(),
  ]);
  const mounts = (Mounts ?? []).map(({ Name, Destination, RW }) => [Destination, Name, RW]);
  const { RestartPolicy, AutoRemove, Tmpfs, Memory, Ulimits, CapDrop, PortBindings } =
    HostConfig as unknown as Record<string, unknown>;
  const told: Record<string, unknown> = {
    image,
    configuration: [Env, Cmd, labels.sort(), id.startsWith(Hostname ?? ' ') ? '' : Hostname],
    host: [RestartPolicy, AutoRemove, Tmpfs, Memory, Ulimits, CapDrop, PortBindings],
    networks: networks.sort(),
    mounts: mounts.sort(),
    ports: NetworkSettings.Ports,
  };
  return Object.fromEntries(Object.entries(told).map(([key, value]) => [key, JSON.stringify(value)]));
}

/** One request, with nothing but a shell. */
const GET = `exec 3<>/dev/tcp/127.0.0.1/$1 && printf 'GET /row HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`;

async function serviceOf(host: CrashHost, { name, port, before }: Subject): Promise<string[]> {
  const wrong: string[] = [];
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  let answer = '';
  do {
    answer = (await host.on('timeout', '5', 'bash', '-c', GET, 'bash', String(port))).stdout;
  } while (!answer.endsWith('\r\n\r\nkept\n') && Date.now() < deadline && (await sleep(200, true)));
  if (!answer.endsWith('\r\n\r\nkept\n')) wrong.push(`the service answers ${JSON.stringify(answer)}`);
  const isThere = async (path: string) =>
    (await host.docker('exec', name, 'sh', '-c', `cat ${path} 2>/dev/null || :`)).trim();
  const hasData = (before.Mounts ?? []).some(({ Destination }) => Destination === '/data');
  if (hasData && (await isThere('/data/row')) !== 'row') wrong.push('what was in its volume is lost');
  if ((await isThere('/usr/bin/dropped')) !== '') wrong.push('the replacement has what the attacker left');
  return wrong;
}

async function evidenceOf(
  { command }: Scenario,
  { state }: Subject,
  incident: Incident | null,
): Promise<string[]> {
  const folder = join(state, 'evidence');
  const bundles = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('ev-')) : [];
  if (command === 'repave') return bundles.length === 0 ? [] : ['a repave has kept evidence'];
  const [bundle] = bundles;
  if (bundle === undefined || bundles.length > 1) return [`${bundles.length} bundles`];
  const wrong =
    incident?.bundles.join() === bundle
      ? []
      : [`the incident names ${incident?.bundles.join() || 'no bundle'}`];
  const report = await createEvidenceStore(state, { clock: systemClock }).verify(bundle);
  return [...wrong, ...report.problems.map(({ subject, detail }) => `${subject}: ${detail}`)];
}

/** Work that somebody who died has left, and nobody else has taken away. */
function leftInState(state: string, kept: boolean): string[] {
  const names = readdirSync(state, { recursive: true, encoding: 'utf8' });
  return (
    names
      // What lies beside the note of a suspect goes with that, when it is kept no longer.
      .filter((name) => !(kept && name.startsWith('frozen/')))
      .filter((name) => /(^|\/)\.tmp-[^/]*$|\.tmp$|\.json\.[0-9a-f]+$/.test(name))
      .map((name) => `left behind: ${name}`)
  );
}

const WITHOUT_OURS = `iptables-save | grep -v 'comment "pristine ' | iptables-restore`;

/** What the engine has when the containers of a run were removed with their volumes: all of it was left behind. */
export async function leftOn(host: CrashHost): Promise<string[]> {
  const lines = async (...args: string[]) => (await host.docker(...args)).split('\n').filter(Boolean);
  const containers = await lines('ps', '-a', '--format', '{{.Names}}');
  const networks = await lines('network', 'ls', '--format', '{{.Name}}', '--filter', 'type=custom');
  const volumes = await lines('volume', 'ls', '-q');
  const { stdout: filter } = await host.on('iptables-save');
  const isOurs = (line: string) => line.includes('--comment "pristine ');
  const rules = filter.split('\n').filter(isOurs);
  if (rules.length > 0) await host.on('sh', '-c', WITHOUT_OURS);
  if (containers.length > 0) await host.docker('rm', '-f', '-v', ...containers);
  if (networks.length > 0) await host.docker('network', 'rm', ...networks);
  if (volumes.length > 0) await host.docker('volume', 'rm', '-f', ...volumes);
  return [
    ...containers.map((name) => `a container is left: ${name}`),
    ...networks.map((name) => `a network is left: ${name}`),
    ...rules.map((rule) => `a rule is left: ${rule}`),
    ...volumes.map((name) => `a volume is left: ${name}`),
  ];
}
