/** An empty list is not one that is left out: it takes part when files are put together. */
export function filled<T>(name: string, list: readonly T[]): Record<string, readonly T[]> {
  return list.length === 0 ? {} : { [name]: list };
}

/** Compose replaces `$NAME` by a variable of its environment. */
export function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}
