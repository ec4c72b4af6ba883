/**
 * Finds a smallest set that still works, given that the whole does: each member of the result is needed. Takes
 * halves away first, so that a set of which little is needed is found in few tries (Zeller's delta debugging).
 *
 * @param works whether it works with these alone
 */
export async function minimise<T>(
  whole: readonly T[],
  works: (subset: readonly T[]) => Promise<boolean>,
): Promise<T[]> {
  if (whole.length === 0) return [];
  if (await works([])) return [];
  const search = async (part: readonly T[], kept: readonly T[]): Promise<T[]> => {
    // One that is left: without it, it did not work.
    if (part.length <= 1) return [...part];
    const middle = part.length >> 1;
    const [low, high] = [part.slice(0, middle), part.slice(middle)];
    if (await works([...kept, ...low])) return search(low, kept);
    if (await works([...kept, ...high])) return search(high, kept);
    const needed = await search(low, [...kept, ...high]);
    return [...needed, ...(await search(high, [...kept, ...needed]))];
  };
  return search(whole, []);
}
