import { expect, test } from 'vitest';
import { placesIn } from './places.ts';

const LINE = (path: string, options: string, rest: string, root = '/') =>
  `1 2 0:3 ${root} ${path} ${options} - ${rest}`;

test('a mount table gives the places that can be written, as the last mount at each path has it', () => {
  const table = [
    LINE('/', 'rw,relatime', 'overlay overlay rw'),
    LINE('/proc', 'rw', 'proc proc rw'),
    LINE('/proc/keys', 'rw', 'tmpfs tmpfs rw', '/null'),
    LINE('/dev', 'rw,nosuid', 'tmpfs tmpfs rw'),
    LINE('/a\\040b', 'rw,noexec', 'tmpfs tmpfs rw'),
    LINE('/v', 'rw', 'ext4 /dev/x ro'),
    LINE('/hidden', 'rw', 'tmpfs tmpfs rw'),
    LINE('/hidden', 'ro', 'tmpfs tmpfs ro'),
  ].join('\n');
  expect(placesIn(table, [])).toEqual([
    { path: '/', kind: 'root', executable: true, rootOnly: false },
    { path: '/dev', kind: 'tmpfs', executable: true, rootOnly: true },
    { path: '/a b', kind: 'tmpfs', executable: false, rootOnly: false },
  ]);
});
