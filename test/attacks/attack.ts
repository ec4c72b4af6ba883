/** What an attack is, and how it is tried: as a loop in one `docker exec`, judged by what came back. */
import { run } from '../../src/host/index.ts';
import type { Payload } from './image.ts';

/**
 * `denied`: never runs. `detected`: runs, and the guard tells of what was left on the filesystem. `not-covered`: runs,
 * and the guard may not tell. `allowed`: no foreign code; it must go on working.
 */
export type Expectation = 'denied' | 'detected' | 'not-covered' | 'allowed';

/**
 * What the container has. `default`: `docker run` without options. `mounts`: an executable tmpfs at /mem, a volume at
 * /vol, a bind at /bind. `unconfined`: no seccomp filter. `admin`: that, CAP_SYS_ADMIN, CAP_SYS_PTRACE and a volume
 * at /vol.
 */
export type Surroundings = 'default' | 'mounts' | 'unconfined' | 'admin';

/** What is done from the host by docker commands, before an attempt. */
export type FromHost = (given: {
  readonly container: string;
  /** Of the attack's files. */
  readonly folder: string;
  /** Of the attempt. */
  readonly number: number;
  readonly payload: Payload;
  readonly docker: (words: readonly string[], input?: Uint8Array) => Promise<void>;
}) => Promise<void>;

export interface Attack {
  readonly id: string;
  readonly title: string;
  /** MITRE ATT&CK. */
  readonly technique: string;
  readonly where: Surroundings;
  /** Root when absent. */
  readonly user?: 'www-data';
  readonly expected: Expectation;
  /** Why, in a sentence; for the table. */
  readonly why: string;
  /** A shell script that runs before the guard starts. */
  readonly before?: string;
  /** Done each time before `run`. */
  readonly fromHost?: FromHost;
  /**
   * A shell script that gets the foreign code to run. It has: `put FORM PATH`, which writes the code there and makes it
   * executable; `raw FORM`, which prints it; `text NAME PATH`, as `put` for a script without a first line; `$W`, an empty
   * folder of the attempt; `$B4`, that of all attempts, which `before` has, too; `$V`, a program of the image that nobody
   * else uses; `$N`, the attempt's number; `apache`, which starts the web server, and `get PATH`, which asks it.
   */
  readonly run: string;
  /** Attempts at most, where each is slow; all other attacks are tried as often as asked. */
  readonly most?: number;
  /** Runs, where it does, only until the guard has noticed: how often depends on how fast both are. */
  readonly window?: true;
  /** No event names it: the kernel refuses it on the guard's behalf, or its path cannot be told. */
  readonly unseen?: true;
}

export interface Attempts {
  readonly attempts: number;
  readonly wins: number;
  /** What the first attempt that failed, or else the first, printed; at most 300 characters. */
  readonly said: string;
}

/** The folder of an attack's files, and the start of the path of every file that it makes outside of the image's. */
export const folderOf = ({ id }: Attack) => `/tmp/attack-${id}`;

const HELPERS = `
put() { printf %s "$(printenv "$1")" | base64 -d > "$2" && chmod 755 "$2"; }
text() { printenv "$1" > "$2" && chmod 755 "$2"; }
raw() { printf %s "$(printenv "$1")" | base64 -d; }
apache() { [ -e /run/apache2/attacked ] || { apache2ctl start && sleep 1; : > /run/apache2/attacked; }; }
get() { busybox wget -q -O - "http://127.0.0.1/$1"; }
`;

function loop(attack: Attack, from: number, attempts: number, firstVictim: number): string {
  return `${HELPERS}
attack() {
${attack.run}
}
export B4=${folderOf(attack)}; N=${from}; while [ $N -lt ${from + attempts} ]; do
W=$B4/at-$N; V=/opt/victims/$((${firstVictim}+N)); export N W V
mkdir -p $W; printf '\\n@%s\\n' $N; ( attack ) </dev/null 2>&1; N=$((N+1)); done`;
}

/** Attempts an attack a number of times; victims from `firstVictim` on are its own. */
export async function attempt(
  attack: Attack,
  container: string,
  payload: Payload,
  { attempts, firstVictim }: { attempts: number; firstVictim: number },
): Promise<Attempts> {
  const count = Math.min(attempts, attack.most ?? attempts);
  if (attack.fromHost === undefined) {
    return judge(await execute(attack, container, payload, loop(attack, 0, count, firstVictim)), payload);
  }
  const docker = async (words: readonly string[], input?: Uint8Array) => {
    const result = await run('docker', words, input === undefined ? {} : { input });
    if (result.code !== 0) throw new Error(`docker ${words.join(' ')}: ${result.stderr}`);
  };
  let output = '';
  for (let number = 0; number < count; number++) {
    await attack.fromHost({ container, folder: folderOf(attack), number, payload, docker });
    output += await execute(attack, container, payload, loop(attack, number, 1, firstVictim));
  }
  return judge(output, payload);
}

/** Runs a script as the attack's user, with the foreign code in its environment; answers with all it printed. */
async function execute(attack: Attack, container: string, payload: Payload, script: string): Promise<string> {
  const environment = Object.keys(payload.environment).flatMap((name) => ['-e', name]);
  const words = [
    'exec',
    ...environment,
    ...(attack.user === undefined ? [] : ['-u', attack.user]),
    container,
    'sh',
    '-c',
    script,
  ];
  const result = await run('docker', words, { env: payload.environment });
  return result.stdout + result.stderr;
}

/** Runs what an attack does before the guard starts. */
export async function prepare(attack: Attack, container: string, payload: Payload): Promise<void> {
  if (attack.before === undefined) return;
  const script = `${HELPERS}\nexport B4=${folderOf(attack)}; mkdir -p $B4\n${attack.before}`;
  await execute(attack, container, payload, script);
}

function judge(output: string, { token }: Payload): Attempts {
  const pieces = output.split(/^@\d+\n/m).slice(1);
  const won = pieces.filter((piece) => piece.includes(token));
  const telling = pieces.find((piece) => !piece.includes(token)) ?? pieces[0] ?? output;
  return { attempts: pieces.length, wins: won.length, said: telling.trim().slice(0, 300) };
}
