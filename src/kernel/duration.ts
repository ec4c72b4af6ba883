const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What {@link parseDuration} understands: a whole number with a unit, or 0. */
export const DURATION = /^(?:0|\d{1,9}(?:ms|s|m|h|d))$/;

/** Milliseconds of a duration such as `90s`, `24h`, `7d` or `0`; null when it is none. */
export function parseDuration(text: string): number | null {
  if (!DURATION.test(text)) return null;
  const unit = /[a-z]+$/.exec(text)?.[0] as keyof typeof UNITS | undefined;
  return unit === undefined ? 0 : Number.parseInt(text, 10) * UNITS[unit];
}
