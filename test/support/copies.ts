import { docker } from './engine.ts';

/** Names of everything that was made for copies of a container. */
export async function leftOfCopies(id: string): Promise<string[]> {
  const label = `label=pristine.copies-of=${id}`;
  const lists = await Promise.all([
    docker('ps', '-aq', '--filter', label),
    docker('volume', 'ls', '-q', '--filter', label),
    docker('network', 'ls', '-q', '--filter', label),
  ]);
  return lists.flatMap((list) => list.split('\n').filter(Boolean));
}
