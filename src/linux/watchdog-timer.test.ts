import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const module = JSON.stringify(join(import.meta.dirname, 'watchdog-timer.ts'));

/** Runs a script that has `startWatchdog`; how it ended, and how many milliseconds after it had said `now`. */
async function lifeOf(script: string, act: (pid: number) => void = () => {}) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { startWatchdog } from ${module};${script}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  const now = performance.now();
  act(child.pid ?? 0);
  const [code, signal] = await ended;
  return { code, signal, after: performance.now() - now };
}

const sayNow = "process.stdout.write('now');";

test('a process that spins is killed when the time is over, not before', async () => {
  const { signal, after } = await lifeOf(`startWatchdog(300); ${sayNow} for (;;);`);
  expect(signal).toBe('SIGKILL');
  expect(after).toBeGreaterThan(200);
  expect(after).toBeLessThan(1500);
});

test('so is one that is stopped', async () => {
  const stop = (pid: number) => process.kill(pid, 'SIGSTOP');
  const { signal, after } = await lifeOf(`startWatchdog(300); ${sayNow} setInterval(() => {}, 1000);`, stop);
  expect(signal).toBe('SIGKILL');
  expect(after).toBeLessThan(1500);
});

test('one that beats, or has stopped it, lives on', async () => {
  const { code } = await lifeOf(`
    const watchdog = startWatchdog(500);
    ${sayNow}
    const beating = setInterval(watchdog.beat, 20);
    setTimeout(() => { clearInterval(beating); watchdog.stop(); }, 1000);
    setTimeout(() => process.exit(7), 1800);
  `);
  expect(code).toBe(7);
});
