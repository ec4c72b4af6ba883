/** Runs a piece of work that may take long, and tells the user what is being done and how long it took. */
export type Task = <T>(title: string, work: () => Promise<T>) => Promise<T>;

/** Work shorter than this is not worth a line. */
const WORTH_TELLING_MS = 1000;

/** Tells by plain lines: one when the work takes longer than a second, one when it is done. */
export function plainTask(write: (line: string) => void): Task {
  return async (title, work) => {
    const started = performance.now();
    const timer = setTimeout(() => write(`${title} ...`), WORTH_TELLING_MS);
    try {
      const result = await work();
      const ms = performance.now() - started;
      if (ms >= WORTH_TELLING_MS) write(`${title}: done in ${duration(ms)}`);
      return result;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** A duration for people: `740 ms`, `1.2 s`, `25 s`; `-` where there is none. */
export function duration(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
