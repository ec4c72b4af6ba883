/**
 * A client that never stops coming back: every few milliseconds a new connection with one HTTP request. Prints
 * `ready` after the first answer; on SIGUSR2 begins no more, waits for those under way, and prints one JSON line,
 * a `Probe` for each request. In a process of its own, so that whatever is measured does not delay it.
 *
 * Usage: node bench/recovery-prober.ts HOST PORT EVERY_MS
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, type Probe } from './recovery/judge.ts';

/** A client that has waited so long has given up. */
const PATIENCE_MS = 10_000;

const [host = '', port = '', every = '5'] = process.argv.slice(2);
const probes: Promise<Probe>[] = [];
let stopping = false;
process.on('SIGUSR2', () => {
  stopping = true;
});

const once = request().then((probe) => probe.answered && console.log('ready'));
let due = monotonicMs();
while (!stopping) {
  probes.push(request());
  // One that comes late is not made up for by a burst.
  due = Math.max(due + Number(every), monotonicMs());
  await sleep(Math.max(0, due - monotonicMs()));
}
await once;
console.log(JSON.stringify(await Promise.all(probes)));

function request(): Promise<Probe> {
  const { promise, resolve } = Promise.withResolvers<Probe>();
  const begun = monotonicMs();
  const finish = (failure: string | null) => {
    resolve({ begun, ended: monotonicMs(), answered: failure === null, failure });
    socket.destroy();
  };
  let heard = '';
  const socket = connect({ host, port: Number(port), timeout: PATIENCE_MS });
  socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.on('data', (bytes) => {
    heard += bytes;
  });
  socket.on('end', () => finish(/^HTTP\/1\.[01] 200 /.test(heard) ? null : 'no answer'));
  socket.on('timeout', () => finish('timeout'));
  socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  return promise;
}
