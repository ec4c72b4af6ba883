/** Entry of the enforcer process: see protocol.ts for how the guard starts it and talks to it. */
import { flushCompileCache } from 'node:module';
import { messageOf } from '../../kernel/index.ts';
import { ignoreSignals, startWatchdog } from '../../linux/index.ts';
import { Channel } from '../channel.ts';
import { CHANNEL_FD, WATCHDOG_MS } from '../protocol.ts';
import { complain } from './complain.ts';
import { EnforcerLoop } from './loop.ts';

const ALIVE_EVERY_MS = 500;

// A terminal sends these to the guard's whole process group, and a service manager to all of the service: the
// guard decides what follows, and ends this process by closing the socket.
ignoreSignals(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']);

const channel = new Channel(CHANNEL_FD);
const watchdog = startWatchdog(WATCHDOG_MS);
let toldAlive = 0;

/** The loop goes round: nobody who asks waits. */
function beat(): void {
  watchdog.beat();
  const now = Date.now();
  // A clock that was set back must not silence it.
  if (Math.abs(now - toldAlive) < ALIVE_EVERY_MS || channel.wantsWrite) return;
  toldAlive = now;
  channel.send({ type: 'alive', at: now });
}

try {
  const loop = new EnforcerLoop({ channel, beat });
  // Now, as nothing may be written to a file while somebody waits for an answer.
  flushCompileCache();
  channel.send({ type: 'ready' });
  loop.run();
} catch (error) {
  const errno = error instanceof Error && 'errno' in error ? String(error.errno) : null;
  channel.send({ type: 'failed', message: messageOf(error), errno });
  complain(error);
  process.exitCode = 1;
}
process.exit();
