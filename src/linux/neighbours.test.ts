import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../host/index.ts';
import { announce } from './neighbours.ts';

const suffix = randomBytes(3).toString('hex');
const bridge = `pt${suffix}`;
const namespace = `pt-${suffix}`;
const own = '02:42:0a:d7:63:02';
const mac = '02:42:0a:d7:63:09';
const other = '02:42:0a:d7:63:0a';

async function ip(...args: string[]): Promise<string> {
  const result = await run('ip', args);
  if (result.code !== 0) throw new Error(`ip ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** A bridge of our own with a neighbour behind it. */
beforeAll(async () => {
  await ip('netns', 'add', namespace);
  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('addr', 'add', '10.215.99.1/24', 'dev', bridge);
  await ip('addr', 'add', 'fd15:99::1/64', 'dev', bridge, 'nodad');
  await ip('link', 'add', `${bridge}a`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await ip('link', 'set', `${bridge}a`, 'master', bridge, 'up');
  await ip('link', 'set', bridge, 'up');
  await ip('-n', namespace, 'link', 'set', 'eth0', 'address', own);
  await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  await ip('-n', namespace, 'addr', 'add', '10.215.99.9/32', 'dev', 'lo');
  await ip('-n', namespace, 'addr', 'add', 'fd15:99::9/128', 'dev', 'lo');
  await ip('netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1');
  await ip('-n', namespace, 'addr', 'add', '10.215.99.2/24', 'dev', 'eth0');
  await ip('-n', namespace, 'addr', 'add', 'fd15:99::2/64', 'dev', 'eth0', 'nodad');
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
});

afterAll(async () => {
  await run('ip', ['link', 'del', bridge]);
  await run('ip', ['netns', 'del', namespace]);
});

/** How a connection to a closed port ends. */
function refusal(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    connect({ host, port: 9 }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

const hostEntry = (address: string) => ip('neigh', 'show', address, 'dev', bridge);
const neighbourEntry = (address: string) => ip('-n', namespace, 'neigh', 'show', address, 'dev', 'eth0');

// On the neighbour's loopback, so that nobody answers who has them.
describe.each([
  ['IPv4', '10.215.99.9', '10.215.99.8', '10.215.99.1'],
  ['IPv6', 'fd15:99::9', 'fd15:99::8', 'fd15:99::1'],
])('%s', (_family, address, third, host) => {
  test('what waits for an answer that nobody gives goes to it at once', async () => {
    const hostMac = (await readFile(`/sys/class/net/${bridge}/address`, 'utf8')).trim();
    await ip('-n', namespace, 'neigh', 'replace', host, 'lladdr', hostMac, 'dev', 'eth0');
    const waiting = refusal(address);
    await expect.poll(() => hostEntry(address)).toMatch(/INCOMPLETE/);
    const begun = performance.now();
    expect(announce({ bridge, address, mac: own })).toBe(true);
    expect(await waiting).toBe('ECONNREFUSED');
    expect(performance.now() - begun).toBeLessThan(500);
    expect(announce({ bridge, address, mac: other })).toBe(true);
    expect(await hostEntry(address)).toContain(other);
  });

  test('the entry of a neighbour on the bridge, who had another, is the new one', async () => {
    await ip('-n', namespace, 'neigh', 'replace', third, 'lladdr', mac, 'dev', 'eth0', 'nud', 'reachable');
    announce({ bridge, address: third, mac: other });
    await expect.poll(() => neighbourEntry(third)).toContain(other);
  });
});

test('a bridge that is gone, and what is no address, are no errors', () => {
  expect(announce({ bridge: 'pt-none', address: '10.215.99.9', mac })).toBe(false);
  expect(announce({ bridge, address: 'x', mac })).toBe(false);
  expect(announce({ bridge, address: '10.215.99.9', mac: '02:42' })).toBe(false);
});
