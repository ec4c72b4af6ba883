import { printable } from '../../kernel/index.ts';
import { humanDuration } from './human.ts';
import { displayWidth, wrap } from './width.ts';

/** Says on standard error what is being waited for. */
export interface Progress {
  /** What is being done from now on. */
  update(sentence: string): void;
  /** Removes what it has drawn. */
  stop(): void;
}

/** Nothing is said about what is over sooner, in milliseconds. */
const PATIENCE_MS = 1000;
const FRAME_MS = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export const silentProgress: Progress = { update() {}, stop() {} };

/** A spinner with the seconds gone by on a terminal; elsewhere a line for each thing that takes over a second. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY === true ? createSpinner(stream) : createLines(stream);
}

function createSpinner(stream: NodeJS.WriteStream): Progress {
  const started = performance.now();
  let sentence = '';
  let drawn = false;
  const timer = setInterval(() => {
    const elapsed = performance.now() - started;
    if (elapsed < PATIENCE_MS || sentence === '') return;
    const frame = FRAMES[Math.floor(elapsed / FRAME_MS) % FRAMES.length] ?? '';
    const seconds = humanDuration(Math.floor(elapsed / 1000) * 1000);
    const room = stream.columns - displayWidth(`${frame}  (${seconds}) `);
    const text = wrap(printable(sentence), Math.max(room, 10))[0];
    stream.write(`\r\x1b[2K${frame} ${text} (${seconds})`);
    drawn = true;
  }, FRAME_MS);
  timer.unref();
  return {
    update: (next) => {
      sentence = next;
    },
    stop: () => {
      clearInterval(timer);
      if (drawn) stream.write('\r\x1b[2K');
      drawn = false;
    },
  };
}

function createLines(stream: NodeJS.WriteStream): Progress {
  let timer: NodeJS.Timeout | undefined;
  return {
    update: (sentence) => {
      clearTimeout(timer);
      timer = setTimeout(() => stream.write(`pristine: ${printable(sentence)} ...\n`), PATIENCE_MS);
      timer.unref();
    },
    stop: () => clearTimeout(timer),
  };
}
