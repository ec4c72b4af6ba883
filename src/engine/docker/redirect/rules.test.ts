import { expect, test } from 'vitest';
import { bindingsOf, leadRules, markOf, passRules } from './rules.ts';

test('published ports, as the engine lists them', () => {
  const binding = (HostIp: string, HostPort: string) => ({ HostIp, HostPort });
  const bindings = bindingsOf({
    '80/tcp': [binding('0.0.0.0', '8080'), binding('::', '8080')],
    '443': [binding('', '8443')],
    '53/udp': [binding('192.0.2.1', '53')],
    '81/tcp': null,
    '82/tcp': [binding('0.0.0.0', '')],
    '83/tcp': [binding('$(id)', '83')],
    '84/x -j ACCEPT': [binding('', '84')],
  });
  // An object's keys that are numbers come first.
  expect(bindings).toEqual([
    { protocol: 'tcp', hostAddress: null, hostPort: 8443, containerPort: 443 },
    { protocol: 'tcp', hostAddress: null, hostPort: 8080, containerPort: 80 },
    { protocol: 'udp', hostAddress: '192.0.2.1', hostPort: 53, containerPort: 53 },
  ]);
});

test('every rule says whose it is; those of others are nobody’s', () => {
  const redirection = {
    ...{ id: 'ab'.repeat(32), bridge: 'br-1', candidate: 'cd'.repeat(32), address: '10.0.0.2' },
    bindings: [{ protocol: 'tcp', hostAddress: '192.0.2.1', hostPort: 1, containerPort: 2 }],
  };
  const { filter, nat } = passRules(redirection);
  const rules = [...filter, ...nat, ...leadRules(redirection)];
  expect(rules).toHaveLength(6);
  for (const rule of rules) {
    expect(markOf(rule)).toEqual({
      ...{ id: 'abababababab', bridge: 'br-1', candidate: 'cdcdcdcdcdcd', address: '10.0.0.2' },
    });
  }
  expect(markOf('-A INPUT -m comment --comment "pristine" -j DROP')).toBe(null);
});
