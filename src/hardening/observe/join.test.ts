import { expect, test } from 'vitest';
import type { Observation, WrittenPath } from '../../contract/index.ts';
import { joinObservations, MOST_WRITERS } from './join.ts';

const nothing: Observation = {
  writes: [],
  refusals: [],
  capabilitiesUsed: [],
  processes: [],
  mostProcesses: null,
  mostMemory: null,
  contacted: [],
  reloads: false,
};

function write(path: string, more: Partial<WrittenPath> = {}): WrittenPath {
  return {
    path,
    type: 'file',
    operations: ['create'],
    phases: ['boot'],
    writers: [],
    bytes: 1,
    inImage: false,
    remains: true,
    executed: false,
    owner: null,
    ...more,
  };
}

const writer = (command: string, pid = 1) => ({ exe: `/bin/${command}`, command, pid, uid: 0, gid: 0 });

test('a path has everything that any run saw of it, and remains as the last one left it', () => {
  const owner = { uid: 1, gid: 2, mode: 0o600 };
  const joined = joinObservations([
    { ...nothing, writes: [write('/b', { bytes: 9, executed: true, owner, writers: [writer('a', 5)] })] },
    {
      ...nothing,
      writes: [
        write('/a'),
        write('/b', {
          ...{ type: 'unknown', operations: ['create', 'delete'], phases: ['steady'], bytes: 0 },
          ...{ remains: false, inImage: true, writers: [writer('a', 6), writer('b')] },
        }),
      ],
    },
    { ...nothing, writes: [write('/c')] },
  ]);
  expect(joined.writes.map(({ path }) => path)).toEqual(['/a', '/b', '/c']);
  expect(joined.writes[1]).toEqual({
    ...{ path: '/b', type: 'file', operations: ['create', 'delete'], phases: ['boot', 'steady'] },
    ...{ writers: [writer('a', 5), writer('b')], bytes: 9, inImage: true, remains: false },
    ...{ executed: true, owner },
  });
});

test('names at most eight writers', () => {
  const writers = Array.from({ length: 20 }, (_, index) => writer(`w${index}`));
  const one = { ...nothing, writes: [write('/a', { writers: writers.slice(0, 8) })] };
  const two = { ...nothing, writes: [write('/a', { writers: writers.slice(6, 14) })] };
  expect(joinObservations([one, two]).writes[0]?.writers).toEqual(writers.slice(0, MOST_WRITERS));
});

test('what is not known of one run is not known of all, and the most counts', () => {
  const process = { command: 'x', uid: 1, gid: 1, groups: [], first: true };
  const one = {
    ...nothing,
    ...{ capabilitiesUsed: ['SETUID'], mostProcesses: 3, mostMemory: 10, contacted: ['1.2.3.4:5'] },
    processes: [process],
  };
  const two = {
    ...nothing,
    ...{ capabilitiesUsed: ['CHOWN', 'SETUID'], mostProcesses: 7, contacted: ['1.2.3.4:5'], reloads: true },
    processes: [process, { ...process, first: false }],
  };
  expect(joinObservations([one, two])).toEqual({
    ...nothing,
    ...{ capabilitiesUsed: ['CHOWN', 'SETUID'], mostProcesses: 7, mostMemory: 10, contacted: ['1.2.3.4:5'] },
    ...{ reloads: true, processes: [process, { ...process, first: false }] },
  });
  expect(joinObservations([one, { ...two, capabilitiesUsed: null }]).capabilitiesUsed).toBeNull();
});
