import { expect, test } from 'vitest';
import { capabilitiesUsed, GrantCounter } from './grants.ts';

test('leaves out what the credentials were asked for that mounted the filesystem', () => {
  const grants = [
    { credentials: 1, name: 'SETUID', times: 1 },
    { credentials: 2, name: 'SYS_ADMIN', times: 90 },
    { credentials: 2, name: 'DAC_OVERRIDE', times: 5 },
    // A copy of the mounter's that lived for one call, and whose place a process's own has taken since.
    { credentials: 3, name: 'SYS_ADMIN', times: 1 },
    { credentials: 3, name: 'CHOWN', times: 1 },
  ];
  expect(capabilitiesUsed(grants, ['SETUID', 'CHOWN', 'DAC_OVERRIDE'])).toEqual(['CHOWN', 'SETUID']);
  expect(capabilitiesUsed(grants, null)).toEqual(['CHOWN', 'DAC_OVERRIDE', 'SETUID', 'SYS_ADMIN']);
});

test('counts in bounded memory', () => {
  const counter = new GrantCounter();
  for (let credentials = 1; credentials < 20_000; credentials++) counter.granted(credentials, 0);
  counter.granted(1, 99);
  const list = counter.list();
  expect(list.length).toBeLessThan(4200);
  expect(list.reduce((sum, { times }) => sum + times, 0)).toBe(19_999);
});
