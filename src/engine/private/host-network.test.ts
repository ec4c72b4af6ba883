import { describe, expect, test } from 'vitest';
import { freeAddresses, overlap, parseNetwork, routes } from './addresses.ts';
import { lostRules, parseTables, removals } from './firewall.ts';
import { enginePaths } from './paths.ts';
import { mountPoints } from './sweep.ts';

const network = (text: string) => parseNetwork(text) ?? expect.fail(text);

describe('addresses', () => {
  test.each([
    ['10.0.0.0/8', '10.200.3.4', true],
    ['10.200.0.0/16', '10.201.0.0/16', false],
    ['0.0.0.0/0', '10.201.0.0/16', true],
    ['10.200.1.0/24', '10.200.0.0/16', true],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlap(network(a), network(b))).toBe(expected);
    expect(overlap(network(b), network(a))).toBe(expected);
  });

  test('begin at the seed and go around what is taken', () => {
    expect(freeAddresses([], 0)).toEqual({ bridge: '10.200.0.1/24', pool: '10.201.0.0/16' });
    const taken = ['10.200.0.0/14', '10.205.7.0/24'].map(network);
    expect(freeAddresses(taken, 0)).toEqual({ bridge: '10.204.0.1/24', pool: '10.206.0.0/16' });
    expect(freeAddresses([], 53)).toEqual({ bridge: '10.253.0.1/24', pool: '10.200.0.0/16' });
    expect(() => freeAddresses([network('10.0.0.0/8')], 5)).toThrow('no two networks');
  });

  test('of the routing table are in the order of the host, without the default route', () => {
    const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
    const lines = [
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'br0\t0000D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    ];
    expect(routes(head + lines.join('\n'))).toEqual([network('10.213.0.0/24')]);
  });
});

describe('the packet filter', () => {
  const save = `*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o pr0 -j DOCKER
-A FORWARD -o other0 -j DOCKER
-A DOCKER -d 10.9.1.2/32 ! -i pr0 -o pr0 -p tcp -j ACCEPT
-A DOCKER -i other0 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT`;
  const [table] = parseTables(save);
  if (table === undefined) throw new Error('no table');
  const ours = { bridges: ['pr0'], subnets: [network('10.9.0.0/16')] };

  test('loses our rules only while another engine runs', () => {
    expect(removals(table, ours, () => false)).toEqual([
      '-D FORWARD -o pr0 -j DOCKER',
      '-D DOCKER -d 10.9.1.2/32 ! -i pr0 -o pr0 -p tcp -j ACCEPT',
    ]);
  });

  test('loses new chains and rules when no other engine runs', () => {
    expect(removals(table, ours, (text) => text.includes('DOCKER-USER'))).toEqual([
      '-D FORWARD -j DOCKER-USER',
      '-D FORWARD -o pr0 -j DOCKER',
      '-D DOCKER -d 10.9.1.2/32 ! -i pr0 -o pr0 -p tcp -j ACCEPT',
      '-D DOCKER-USER -j RETURN',
      '-X DOCKER-USER',
    ]);
  });

  test("gets other engines' rules back in their order", () => {
    const before = ['-A DOCKER -i a -j RETURN', '-A DOCKER -i other0 -j RETURN', '-A DOCKER -i b -j RETURN'];
    expect(lostRules(table, before)).toEqual(['-I DOCKER -i b -j RETURN', '-I DOCKER -i a -j RETURN']);
  });
});

test('sockets of a deep state directory are put where their path is short enough', () => {
  const deep = enginePaths(`/${'deep/'.repeat(30)}`);
  expect(deep.socket.length).toBeLessThan(60);
  expect(deep.dataRoot).toContain('deep/deep');
  expect(enginePaths('/var/lib/pristine').socket).toBe('/var/lib/pristine/engine/run/docker.sock');
  expect(deep.bridge.length).toBeLessThanOrEqual(15);
});

test('mount points have their escapes undone', () => {
  expect(mountPoints('36 35 98:0 /r /a\\040b rw - ext3 /dev/root rw\n')).toEqual(['/a b']);
});
