import { closest, distance } from 'fastest-levenshtein';

/** ` Did you mean “x”?` for the nearest known word, or nothing when none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0 || word.length > 256) return '';
  const nearest = closest(word, [...known]);
  return distance(word, nearest) <= Math.max(2, Math.ceil(nearest.length / 2))
    ? ` Did you mean “${nearest}”?`
    : '';
}
