import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, startContainer, type TestContainer, testLabel } from '../../../test/support/engine.ts';
import { findEngine } from '../index.ts';
import type { Engine, ReplacementRequest, WaitingPlace } from '../port.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-prepare-'));
const network = `pristine-test-prepare-${process.pid}`;
const second = `${network}-2`;
/** Another run of the tests may use the same engine. */
const subnet = `10.195.${process.pid % 256}`;
let engine: Engine;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
  await docker('network', 'create', '--label', testLabel(), '--subnet', `${subnet}.0/24`, network);
  await docker('network', 'create', '--label', testLabel(), second);
});
afterAll(async () => {
  await docker('network', 'rm', network, second);
  rmSync(stateDirectory, { recursive: true, force: true });
});

const sh = (id: string, script: string) => docker('exec', id, 'sh', '-c', script);

function requestFor({ id, name }: TestContainer): ReplacementRequest {
  return { labels: { 'pristine.replaces': id }, suspectName: `${name}-suspect` };
}

/** Names and states of a test's containers. */
async function containersOf({ name }: TestContainer): Promise<string[]> {
  const listed = (await engine.list()).filter((container) => container.name.startsWith(name));
  return listed.map((container) => `${container.name.slice(name.length)} ${container.status}`).sort();
}

/** What a container sees of its networks, and what the engine says of them, without what each has of its own. */
async function networking(id: string): Promise<unknown> {
  const [{ NetworkSettings, HostConfig }] = JSON.parse(await docker('inspect', id));
  const own = new RegExp(id.slice(0, 12), 'g');
  const endpoints = Object.entries<Record<string, unknown>>(NetworkSettings.Networks).map(
    ([name, { Aliases, IPAMConfig, IPAddress, MacAddress, Gateway }]) =>
      [
        name,
        {
          Aliases: (Aliases as string[] | null)?.map((alias) => alias.replace(own, 'SELF')).sort(),
          IPAMConfig: IPAMConfig ?? {},
          IPAddress,
          MacAddress,
          Gateway,
        },
      ] as const,
  );
  const seen = await sh(
    id,
    'sort /etc/hosts; cat /etc/resolv.conf; ip route | sed "s/dev eth.*//" | sort; hostname -i || true',
  );
  const text = JSON.stringify({
    networks: Object.fromEntries(endpoints.sort()),
    ports: NetworkSettings.Ports,
    mode: HostConfig.NetworkMode,
    seen: seen.split('\n'),
  });
  // On the default bridge it is the next one that is free.
  const chosen = NetworkSettings.Networks.bridge ?? { IPAddress: ' ', MacAddress: ' ' };
  return JSON.parse(
    text.replace(own, 'SELF').replaceAll(chosen.IPAddress, 'ADDRESS').replaceAll(chosen.MacAddress, 'MAC'),
  );
}

const CASES: readonly (readonly [string, readonly string[]])[] = [
  [
    'the default bridge with a port',
    ['--network', 'bridge', '-p', '127.0.0.1::80', '--add-host', 'db:192.0.2.1'],
  ],
  [
    'a network of its own',
    [
      '--network',
      network,
      '--ip',
      `${subnet}.9`,
      '--hostname',
      'known',
      '--network-alias',
      'front',
      '-p',
      '127.0.0.1::80',
    ],
  ],
  ['no network', ['--network', 'none']],
];

describe.each<WaitingPlace>(['no-network', 'internal-network'])('prepareReplacement, %s', (place) => {
  test.each(CASES)('ends as an ordinary start does: %s', async (_, options) => {
    await using container = await startContainer({ options });
    const before = await networking(container.id);
    const request = requestFor(container);
    const created: string[] = [];
    const onCreated = async (id: string) => {
      created.push(`${id} ${(await engine.inspect(id)).status}`);
    };
    const prepared = await engine.prepareReplacement(container.id, request, { place, onCreated });
    try {
      expect(created).toEqual([`${prepared.id} created`]);
      expect(await containersOf(container)).toEqual([' running', '-suspect-next running']);
      const seen = await sh(prepared.id, 'ip addr');
      expect(seen.includes('eth')).toBe(place === 'internal-network' && !options.includes('none'));
      expect(await engine.prepareReplacement(container.id, request, { place })).toEqual(prepared);

      await engine.freeze(container.id);
      const made = await engine.replacePristine(container.id, { ...request, candidate: prepared.id });
      expect(made).toEqual({ id: prepared.id, name: container.name });
      const after = await networking(made.id);
      const lastingDifference =
        place === 'internal-network' && options.includes('bridge') ? ['nameserver', 'options'] : [];
      expect(without(after, lastingDifference)).toEqual(without(before, lastingDifference));
      expect(await containersOf(container)).toEqual([' running', '-suspect paused']);
      expect(await engine.replacePristine(container.id, request), 'again').toEqual(made);
    } finally {
      await engine.withdrawReplacement(container.id, request);
    }
    expect(await containersOf(container)).toEqual([' paused']);
  });
});

test('a container on several networks gets them all back, with what it had on each', async () => {
  await using container = await startContainer({ options: ['--network', network, '--ip', `${subnet}.8`] });
  await docker('network', 'connect', '--alias', 'back', second, container.id);
  const request = requestFor(container);
  const prepared = await engine.prepareReplacement(container.id, request, { place: 'no-network' });
  try {
    await engine.freeze(container.id);
    await engine.replacePristine(container.id, request);
    const [{ NetworkSettings }] = JSON.parse(await docker('inspect', prepared.id));
    expect(NetworkSettings.Networks).toMatchObject({
      [network]: { IPAddress: `${subnet}.8` },
      [second]: { Aliases: expect.arrayContaining(['back']) },
    });
  } finally {
    await engine.withdrawReplacement(container.id, request);
  }
});

test('those who wait do not reach each other, and their network goes with the last', async () => {
  await using one = await startContainer({ options: ['--network', 'bridge'] });
  await using other = await startContainer({ options: ['--network', network] });
  const [a, b] = await Promise.all(
    [one, other].map((it) => engine.prepareReplacement(it.id, requestFor(it), { place: 'internal-network' })),
  );
  try {
    expect(await docker('network', 'ls', '-q', '--filter', 'name=pristine-waiting')).toMatch(/^\w+$/);
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const address = await docker('inspect', '-f', format, b?.id ?? '');
    const ping = (id: string | undefined, to: string) =>
      sh(id ?? '', `ping -c 1 -W 1 ${to} > /dev/null && echo reached || echo not reached`);
    expect(await ping(b?.id, address)).toBe('reached');
    expect(await ping(a?.id, address.replace(/\d+$/, '1')), 'the host').toBe('reached');
    expect(await ping(a?.id, address)).toBe('not reached');
  } finally {
    await Promise.all([one, other].map((it) => engine.withdrawReplacement(it.id, requestFor(it))));
  }
});

test('a replacement that cannot start early is undone, and says why', async () => {
  await using shared = await startContainer({ options: ['--network', 'host'] });
  const early = (it: TestContainer) =>
    engine.prepareReplacement(it.id, requestFor(it), { place: 'internal-network' });
  await expect(early(shared)).rejects.toMatchObject({
    code: 'E_REPLACE',
    message: expect.stringContaining('shares'),
  });
  await using held = await startContainer({ options: ['--network', network] });
  await expect(
    engine.prepareReplacement(held.id, requestFor(held), {
      place: 'no-network',
      onCreated: () => Promise.reject(new Error('not held')),
    }),
  ).rejects.toMatchObject({ code: 'E_REPLACE', message: expect.stringContaining('not held') });
  expect(await containersOf(held)).toEqual([' running']);
});

test('a candidate that has ended is removed, and a new one made', async () => {
  await using container = await startContainer({ options: ['--network', network] });
  const request = requestFor(container);
  const prepared = await engine.prepareReplacement(container.id, request, { place: 'no-network' });
  await docker('kill', prepared.id);
  await engine.freeze(container.id);
  const made = await engine.replacePristine(container.id, { ...request, candidate: prepared.id });
  try {
    expect(made.id).not.toBe(prepared.id);
    expect(await containersOf(container)).toEqual([' running', '-suspect paused']);
  } finally {
    await engine.withdrawReplacement(container.id, request);
  }
});

test('a candidate that cannot have the addresses is withdrawn, and the suspect keeps its name', async () => {
  await using container = await startContainer({ options: ['--network', network, '--ip', `${subnet}.7`] });
  const request = requestFor(container);
  await engine.prepareReplacement(container.id, request, { place: 'no-network' });
  // Not frozen: it still has its address.
  await expect(engine.replacePristine(container.id, request)).rejects.toMatchObject({ code: 'E_REPLACE' });
  expect(await containersOf(container)).toEqual([' running']);
});

test.each([['no candidate'], ['a candidate']])(
  'a suspect that somebody removed is replaced all the same, %s',
  async (with_) => {
    const options = [
      '--rm',
      '--network',
      network,
      '--ip',
      `${subnet}.6`,
      '--restart',
      'no',
      '-e',
      'A=b',
      '-v',
      '/data',
    ];
    await using container = await startContainer({ options });
    await container.sh('echo kept > /data/file');
    const request = requestFor(container);
    if (with_ === 'a candidate') {
      await engine.prepareReplacement(container.id, request, { place: 'no-network' });
    }
    const frozen = await engine.freeze(container.id);
    await docker('rm', '-f', container.id);
    expect(await engine.freeze(container.id), 'frozen for good').toEqual(frozen);
    const made = await engine.replacePristine(container.id, request);
    try {
      expect(made.name).toBe(container.name);
      expect(await sh(made.id, 'echo $A; cat /data/file; ip addr')).toMatch(
        new RegExp(`^b\nkept\n[^]*${subnet}.6/24`),
      );
    } finally {
      await engine.withdrawReplacement(container.id, request);
    }
  },
);

/** Without those lines that the container sees that begin with one of these words. */
function without(given: unknown, words: readonly string[]): unknown {
  const { seen, ...others } = given as { seen: string[] };
  return { ...others, seen: seen.filter((line) => !words.some((word) => line.startsWith(word))) };
}
