/** Tells the story on a terminal (colours, a line that shows what is under way) or as plain lines. */
import { printable } from '../../src/kernel/index.ts';
import { preciseNow } from '../http-client.ts';
import { duration, plainTask, type Task } from '../task.ts';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export type Speaker = 'attacker' | 'guard' | 'site' | 'demo';
type Tone = 'plain' | 'bad' | 'good' | 'dim' | 'strong';

export interface Narrator {
  readonly task: Task;
  act(title: string): void;
  /** Times of events count from now on. */
  startClock(): void;
  /** A sentence of our own. */
  say(text: string): void;
  /** Something that happened at a time (milliduration since 1970). Foreign text must be printable already. */
  event(speaker: Speaker, at: number, text: string, tone?: Tone): void;
  /** Whether a thing is as it must be. */
  verdict(ok: boolean, text: string): void;
  /** Lines of a foreign text, each made safe to print; long ones are cut. */
  quote(text: string, most: number): void;
  table(rows: readonly (readonly string[])[]): void;
}

const CODES: Record<Tone, string> = { plain: '', bad: '31', good: '32', dim: '2', strong: '1' };
const SPEAKERS: Record<Speaker, Tone> = { attacker: 'bad', guard: 'good', site: 'plain', demo: 'dim' };
const LONGEST_QUOTE = 200;

export function createNarrator(out: Output, options: { plain: boolean }): Narrator {
  const live = out.isTTY === true && !options.plain;
  const colours = live && !process.env.NO_COLOR;
  const paint = (tone: Tone, text: string) =>
    colours && CODES[tone] !== '' ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;
  const status = live ? statusLine(out) : null;
  const line = (text = '') => {
    status?.clear();
    out.write(`${text}\n`);
    status?.draw();
  };
  let zero = preciseNow();
  return {
    task: status === null ? plainTask((text) => line(`  ${text}`)) : liveTask(status, line, paint),
    startClock() {
      zero = preciseNow();
    },
    act(title) {
      line();
      line(paint('strong', `== ${title} ==`));
    },
    say: (text) => line(text === '' ? '' : `  ${text}`),
    event(speaker, at, text, tone = 'plain') {
      const time = `${((at - zero) / 1000).toFixed(3)} s`.padStart(10);
      line(`${paint('dim', time)}  ${paint(SPEAKERS[speaker], speaker.padEnd(8))}  ${paint(tone, text)}`);
    },
    verdict: (ok, text) => line(`  ${paint(ok ? 'good' : 'bad', ok ? 'ok' : 'NOT OK')}  ${text}`),
    quote(text, most) {
      for (const foreign of headAndTail(text.replace(/\n$/, '').split('\n'), most)) {
        const safe = printable(foreign).slice(0, LONGEST_QUOTE);
        const tone = foreign.startsWith('+') ? 'good' : foreign.startsWith('-') ? 'bad' : 'dim';
        line(`    ${paint(tone, safe)}`);
      }
    },
    table(rows) {
      const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
      for (const [index, row] of rows.entries()) {
        const text = row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
        line(`  ${paint(index === 0 ? 'strong' : 'plain', text.trimEnd())}`);
      }
    },
  };
}

/** At most so many lines: the first ones, how many are left out, and the last ones. */
function headAndTail(lines: readonly string[], most: number): string[] {
  if (lines.length <= most) return [...lines];
  const tail = Math.floor(most / 3);
  const head = most - tail - 1;
  const omitted = `... ${lines.length - head - tail} more lines ...`;
  return [...lines.slice(0, head), omitted, ...lines.slice(-tail)];
}

interface StatusLine {
  start(title: string): () => void;
  clear(): void;
  draw(): void;
}

const FRAMES = ['|', '/', '-', '\\'];

/** The last line of the terminal: what is under way, and for how long. */
function statusLine(out: Output): StatusLine {
  const under: { title: string; since: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;
  const clear = () => {
    if (under.length > 0) out.write('\r\x1b[K');
  };
  const draw = () => {
    const last = under.at(-1);
    if (last === undefined) return;
    frame = (frame + 1) % FRAMES.length;
    out.write(`\r\x1b[K  ${FRAMES[frame]} ${last.title} ... ${duration(performance.now() - last.since)}`);
  };
  return {
    clear,
    draw,
    start(title) {
      under.push({ title, since: performance.now() });
      timer ??= setInterval(draw, 200);
      return () => {
        clear();
        under.splice(
          under.findLastIndex((entry) => entry.title === title),
          1,
        );
        if (under.length > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

function liveTask(
  status: StatusLine,
  line: (text: string) => void,
  paint: (tone: Tone, text: string) => string,
): Task {
  return async (title, work) => {
    const started = performance.now();
    const end = status.start(title);
    try {
      const result = await work();
      end();
      const ms = performance.now() - started;
      if (ms >= 1000) line(`  ${title} ${paint('dim', duration(ms))}`);
      return result;
    } catch (error) {
      end();
      throw error;
    }
  };
}
