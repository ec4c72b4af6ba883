/** Races: what is at a path is swapped while it is run or read. */
import { run } from '../../src/host/index.ts';
import type { Payload } from './image.ts';

export interface Race {
  /** As tools/race.c knows it. */
  readonly variant: string;
  readonly title: string;
  /** What is swapped in. */
  readonly content: 'program' | 'library' | 'shell';
  /** Each swap uses up a program of the image. */
  readonly usesUp?: true;
  /** How much of the attempts asked for, where each is slow. */
  readonly share?: number;
}

export const RACES: readonly Race[] = [
  {
    variant: 'write',
    title: 'an image’s program is written to while it is run',
    content: 'program',
    usesUp: true,
  },
  { variant: 'mmap', title: 'the same, by stores into a shared mapping', content: 'program', usesUp: true },
  {
    variant: 'replace',
    title: 'another file is renamed over an image’s program while it is run',
    content: 'program',
    usesUp: true,
  },
  {
    variant: 'exchange',
    title: 'an image’s program, moved, and another file change places (RENAME_EXCHANGE)',
    content: 'program',
  },
  {
    variant: 'symlink',
    title: 'a link is flipped between an image’s program and another',
    content: 'program',
  },
  {
    variant: 'preload-write',
    title: 'LD_PRELOAD of a file that is a text and a library in turns, by write(2)',
    content: 'library',
    share: 0.25,
  },
  {
    variant: 'preload-mmap',
    title: 'the same, by stores into a shared mapping',
    content: 'library',
    share: 0.25,
  },
  {
    variant: 'preload-symlink',
    title: 'LD_PRELOAD of a link that is flipped between the image’s library and another',
    content: 'library',
    share: 0.25,
  },
  {
    variant: 'script-write',
    title: 'sh FILE, a comment and a command in turns, by write(2)',
    content: 'shell',
    share: 0.25,
  },
  {
    variant: 'script-mmap',
    title: 'the same, by stores into a shared mapping',
    content: 'shell',
    share: 0.25,
  },
  {
    variant: 'script-symlink',
    title: 'sh of a link that is flipped between the image’s script and another',
    content: 'shell',
    share: 0.25,
  },
  {
    variant: 'stop-preload',
    title: 'the dynamic loader is stopped between open(2) and read(2) of a text, which becomes a library',
    content: 'library',
    share: 0.05,
  },
  {
    variant: 'stop-script',
    title: 'a shell is stopped between open(2) and read(2) of a comment, which becomes a command',
    content: 'shell',
    share: 0.05,
  },
];

export interface RaceResult {
  readonly attempts: number;
  readonly wins: number;
  /** Attempts that the kernel answered with EPERM or EACCES, as far as the program can know. */
  readonly refused: number;
}

/** Runs one race in a container; `firstVictim` and on are the programs that it may use up. */
export async function runRace(
  race: Race,
  container: string,
  payload: Payload,
  { attempts, firstVictim }: { attempts: number; firstVictim: number },
): Promise<RaceResult> {
  const folder = `/tmp/race-${race.variant}`;
  const goal = Math.ceil(attempts * (race.share ?? 1));
  const content = race.content === 'shell' ? 'printenv shell' : `printenv ${race.content} | base64 -d`;
  const script = `mkdir -p ${folder}; ${content} | /opt/tools/race ${race.variant} ${goal} ${folder} ${firstVictim}`;
  const environment = Object.keys(payload.environment).flatMap((name) => ['-e', name]);
  const result = await run('docker', ['exec', ...environment, container, 'sh', '-c', script], {
    env: payload.environment,
  });
  const counts = /^race attempts=(\d+) refused=(\d+) busy=(\d+) failed=(\d+)$/m.exec(result.stdout);
  if (counts === null)
    throw new Error(`race ${race.variant} did not end well: ${result.stdout.slice(-200)}${result.stderr}`);
  const wins = result.stdout.split(payload.token).length - 1;
  return { attempts: Number(counts[1]), refused: Number(counts[2]), wins };
}
