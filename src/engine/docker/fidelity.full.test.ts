import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUSYBOX, docker, testLabel } from '../../../test/support/engine.ts';
import {
  COMBINABLE,
  type FidelityCase,
  handMadeCases,
  type Surroundings,
} from '../../../test/support/fidelity-cases.ts';
import { markVolumes, probe, settingsOf } from '../../../test/support/fidelity-probe.ts';
import { findEngine } from '../discovery/find-engine.ts';
import type { Difference, Engine } from '../port.ts';
import { type Client, connect } from './client.ts';
import { differencesOf } from './compare.ts';
import { recreationOf } from './recreation.ts';
import type { Inspect } from './vendor.ts';

const directory = mkdtempSync(join(tmpdir(), 'pristine-fidelity-'));
const prefix = `pristine-test-fidelity-${process.pid}`;
const byte = process.pid % 256;
const surroundings: Surroundings = {
  image: BUSYBOX,
  richImage: `${prefix}:rich`,
  network: `${prefix}-one`,
  networkId: '',
  second: `${prefix}-two`,
  subnet: `10.197.${byte}`,
  subnet6: `fd00:198:${byte}`,
  peer: `${prefix}-peer`,
  peerId: '',
  source: `${prefix}-source`,
  volume: `${prefix}-volume`,
  folder: join(directory, 'folder'),
  port: 21_000 + (process.pid % 90) * 100,
};
/** So many random combinations of options, always the same. */
const COMBINATIONS = 30;

let engine: Engine;
let client: Client;
let on: Surroundings;
const explained = new Map<string, { because: string | null; times: number }>();

beforeAll(async () => {
  const [label, given] = [['--label', testLabel()], surroundings];
  engine = await findEngine({ env: process.env, stateDirectory: directory });
  client = await connect({ endpoint: engine.info.endpoint, tls: null }, 10_000);
  const networkId = await docker(
    'network',
    'create',
    ...label,
    '--subnet',
    `${given.subnet}.0/24`,
    given.network,
  );
  const v6 = ['--ipv6', '--subnet', `${given.subnet6}::/64`];
  await docker('network', 'create', ...label, ...v6, given.second);
  await docker('volume', 'create', ...label, given.volume);
  mkdirSync(given.folder);
  writeFileSync(join(given.folder, 'secret'), 'known to few\n');
  const peer = [
    'run',
    '-d',
    '--name',
    given.peer,
    ...label,
    '--network',
    'bridge',
    '--ipc',
    'shareable',
    '--stop-signal',
    'SIGUSR2',
  ];
  const peerId = await docker(...peer, BUSYBOX, 'sleep', '10000');
  await docker('network', 'connect', given.network, given.peer);
  const lent = ['-v', '/lent', '-v', `${given.folder}:/folder:ro`, '--mount', 'type=volume,dst=/more'];
  await docker('run', '-d', '--name', given.source, ...label, ...lent, BUSYBOX, 'sleep', '10000');
  const instructions = [
    ...['ENTRYPOINT ["sleep"]', 'CMD ["1000"]', 'VOLUME /data', 'EXPOSE 80 81/udp', 'ENV OF_IMAGE=yes'],
    ...['HEALTHCHECK --interval=3s CMD true', 'LABEL of.image=yes', 'WORKDIR /tmp'],
  ];
  await docker('commit', ...instructions.flatMap((line) => ['-c', line]), peerId, given.richImage);
  on = { ...given, networkId, peerId };
});
afterAll(async () => {
  await docker('rm', '-f', '-v', surroundings.peer, surroundings.source);
  await docker('network', 'rm', surroundings.network, surroundings.second);
  await docker('volume', 'rm', surroundings.volume);
  await docker('rmi', '-f', surroundings.richImage);
  rmSync(directory, { recursive: true, force: true });
  const rows = [...explained].sort().map(([path, { because, times }]) => ({ path, times, because }));
  console.table(rows);
});

/** Mulberry32: the same numbers for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function combination(seed: number): FidelityCase {
  const random = randomNumbers(seed);
  const options = COMBINABLE.filter(() => random() < 0.35).flat();
  return { name: `combination ${seed}`, options: ['--network', surroundings.network, ...options] };
}

async function make(given: FidelityCase, name: string): Promise<string> {
  if (given.body !== undefined) {
    const [label = '', value] = testLabel().split('=');
    const body = { ...given.body, Labels: { [label]: value } };
    const created = await client.patient.createContainer({ _query: { name }, _body: body } as object);
    await docker('start', created.id);
    return created.id;
  }
  const options = given.options ?? [];
  const network = options.some((option) => ['--network', '--link'].includes(option))
    ? []
    : ['--network', 'none'];
  const detached = options.includes('-d') ? [] : ['-d'];
  const start = given.createOnly ? ['create'] : ['run', ...detached];
  const words = [...start, '--name', name, '--label', testLabel(), ...network, ...options];
  const id = await docker(...words, given.image ?? BUSYBOX, ...(given.command ?? ['sleep', '1000']));
  for (const connection of given.connect ?? []) await docker('network', 'connect', ...connection, id);
  return id.split('\n').at(-1) ?? id;
}

async function inspect(id: string): Promise<Inspect> {
  return JSON.parse(await docker('inspect', id))[0];
}

function remember(differences: readonly Difference[], container: string): void {
  for (const { path, because } of differences) {
    const general = path
      .replaceAll(surroundings.network, 'NETWORK')
      .replaceAll(surroundings.second, 'NETWORK')
      .replace(/Networks\.(bridge|host|none)\./, 'Networks.NETWORK.')
      .replace(/\.\d+\/(tcp|udp)/, '.PORT')
      .replace(/^Mounts\.[^.]*/, 'Mounts.PATH')
      .replace(/Volumes\..*/, 'Volumes.PATH');
    const times = (explained.get(general)?.times ?? 0) + 1;
    explained.set(general, { because, times });
    expect(because, `${container}: ${path}`).not.toBeNull();
  }
}

/** Only made, and made again: what it asks for cannot be had here. */
async function recreateUnstarted(id: string, name: string): Promise<void> {
  const original = await inspect(id);
  await docker('rename', id, `${name}-suspect`);
  const state = { networks: original.NetworkSettings.Networks ?? {}, ports: {} };
  const labels = { 'pristine.replaces': id };
  const { body } = recreationOf(original, state, labels);
  const made = await client.patient.createContainer({ _query: { name }, _body: body } as object);
  try {
    const replacement = await inspect(made.id);
    remember(differencesOf(original, replacement), name);
    expect(settingsOf({ ...replacement })).toEqual(settingsOf({ ...original }));
  } finally {
    await docker('rm', '-f', '-v', made.id);
  }
}

async function recreateRunning(id: string, name: string): Promise<void> {
  await markVolumes(id);
  const [before, inside] = [await inspect(id), await probe(id)];
  await engine.freeze(id);
  const request = { labels: { 'pristine.replaces': id }, suspectName: `${name}-suspect` };
  const replacement = await engine.replacePristine(id, request);
  try {
    remember(await engine.compareReplacement(id, replacement.id), name);
    expect(settingsOf({ ...(await inspect(replacement.id)) })).toEqual(settingsOf({ ...before }));
    expect(await probe(replacement.id), 'from inside').toEqual(inside);
  } finally {
    await engine.destroy(replacement.id);
  }
}

const combinations = Array.from({ length: COMBINATIONS }, (_, seed) => combination(seed + 1));
const cases = [...handMadeCases(surroundings), ...combinations];

test('there are enough of them', () => expect(cases.length).toBeGreaterThan(60));

test.each(cases.map(({ name }, index) => [name, index] as const))('%s', async (_name, index) => {
  const given = [...handMadeCases(on), ...combinations][index];
  if (given === undefined) throw new Error('no such case');
  const name = `${prefix}-${index}`;
  const id = await make(given, name);
  try {
    await (given.createOnly ? recreateUnstarted(id, name) : recreateRunning(id, name));
  } finally {
    await engine.destroy(id);
  }
});
