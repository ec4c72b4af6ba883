import { expect, test } from 'vitest';
import { Contacts } from './contacts.ts';

test('counts what lies beyond its own networks and itself', () => {
  const contacts = new Contacts({
    raw: {
      NetworkSettings: {
        Networks: {
          one: {
            ...{ IPAddress: '172.20.0.5', IPPrefixLen: 16 },
            ...{ GlobalIPv6Address: 'fd00:1::5', GlobalIPv6PrefixLen: 64 },
          },
          two: { IPAddress: '', IPPrefixLen: 0 },
        },
      },
    },
  });
  for (const address of [
    '127.0.0.53',
    '0.0.0.0',
    '::1',
    '::',
    '172.20.255.1',
    'fd00:1::9',
    '::ffff:172.20.0.9',
  ])
    contacts.add(address, 80);
  contacts.add('no address', 80);
  contacts.add('198.51.100.1', 0);
  expect(contacts.list()).toEqual([]);
  contacts.add('172.21.0.1', 80);
  contacts.add('2001:0db8:0000:0000:0000:0000:0000:0001', 443);
  contacts.add('::ffff:8.8.8.8', 53);
  expect(contacts.list()).toEqual([
    '172.21.0.1:80',
    '8.8.8.8:53',
    '[2001:0db8:0000:0000:0000:0000:0000:0001]:443',
  ]);
});
