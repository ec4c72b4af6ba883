import { expect, test } from 'vitest';
import { kindsOf } from './programs.ts';

test.each([
  ['bash', ['shells']],
  ['python3.11', ['interpreters']],
  ['php8.2', ['interpreters']],
  ['apt-get', ['packageManagers']],
  ['pip3', ['packageManagers']],
  ['x86_64-linux-gnu-gcc-12', ['compilers']],
  ['g++-12', ['compilers']],
  ['nc.openbsd', ['downloaders']],
  ['busybox', ['shells', 'downloaders']],
  ['sshd', ['sshServers']],
  ['/opt/app/bin/python3', ['interpreters']],
  ['/etc/cron.daily/dpkg', []],
  ['/usr/lib/apt/methods/http', []],
  ['nginx', []],
  ['pythonista', []],
  ['gccx', []],
  ['bash\u001b[0m', []],
])('%o is of the kinds %o', (name, kinds) => {
  expect(kindsOf(name)).toEqual(kinds);
});
