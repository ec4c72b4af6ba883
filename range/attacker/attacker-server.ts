import type { Docker } from '../docker.ts';
import { SHELL, TOOL } from './payloads.ts';

/** Host name of the attacker's server in the demo's network. */
export const ATTACKER_HOST = 'attacker.example';

/** Where the hacked site finds it. */
export const ATTACKER_URL = `http://${ATTACKER_HOST}:8000`;

/** SHA-256 of the files that it hands out. */
export interface ServedFiles {
  readonly shell: string;
  readonly tool: string;
}

/** Asks the attacker's server itself, so that what is found elsewhere can be compared. */
export async function servedFiles(
  docker: Docker,
  container: string,
  signal: AbortSignal,
): Promise<ServedFiles> {
  const digest = async (name: string) => {
    const line = await docker.text(['exec', container, 'busybox', 'sha256sum', `/srv/${name}`], { signal });
    return line.slice(0, 64);
  };
  return { shell: await digest(SHELL), tool: await digest(TOOL) };
}

/** How often the attacker's server has handed out shell.php since a time (ISO 8601), by its own log. */
export async function shellsServed(docker: Docker, container: string, since: string): Promise<number> {
  const { stdout, stderr } = await docker.attempt(['logs', '--since', since, container]);
  return countServed(`${stdout}\n${stderr}`);
}

/** Counts in busybox httpd's log: a `url:` line and a `response:` line share the client's address and port. */
export function countServed(log: string): number {
  const asked = new Set<string>();
  let served = 0;
  for (const line of log.split('\n')) {
    const [, client, what] = /^(\S+): (.*)$/.exec(line) ?? [];
    if (client === undefined || what === undefined) continue;
    if (what === `url:/${SHELL}`) asked.add(client);
    if (what === 'response:200' && asked.delete(client)) served += 1;
  }
  return served;
}
