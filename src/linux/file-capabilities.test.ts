import { expect, test } from 'vitest';
import { decodeFileCapabilities } from './file-capabilities.ts';

const words = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value >>> 0, index * 4);
  });
  return bytes;
};

/** Values as setcap(8) writes them, with what getcap(8) prints. */
test.each([
  ['ping', words(0x02000001, 0x2000, 0, 0, 0), 'cap_net_raw=ep'],
  ['two', words(0x02000001, 0x2400, 0, 0, 0), 'cap_net_bind_service,cap_net_raw=ep'],
  ['permitted only', words(0x02000000, 0x2000, 0, 0, 0), 'cap_net_raw=p'],
  ['inheritable too', words(0x02000001, 0x2000, 0x2000, 0, 0), 'cap_net_raw=eip'],
  ['mixed', words(0x02000001, 0x2000, 0x400, 0, 0), 'cap_net_bind_service=ei cap_net_raw+ep'],
  ['above 31', words(0x02000001, 0, 0, 0x80, 0), 'cap_bpf=ep'],
  ['one of the future', words(0x02000001, 0, 0, 0x80000000, 0), '63=ep'],
  ['none', words(0x02000000, 0, 0, 0, 0), '='],
  ['revision 1', words(0x01000001, 0x2000, 0), 'cap_net_raw=ep'],
  ['revision 3', words(0x03000001, 0x2000, 0, 0, 0, 100000), 'cap_net_raw=ep [rootid=100000]'],
])('decodes %s', (_, value, text) => {
  expect(decodeFileCapabilities(value)).toBe(text);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['cut short', words(0x02000001, 0x2000)],
  ['too long', words(0x02000001, 0x2000, 0, 0, 0, 0)],
  ['an unknown revision', words(0x07000001, 0x2000, 0, 0, 0)],
])('says nothing of %s', (_, value) => {
  expect(decodeFileCapabilities(value)).toBe(null);
});
