import { createHash } from 'node:crypto';
import type { Denial, Finding, Policy, ProcessAttribution } from '../contract/index.ts';
import { baseName } from './paths.ts';
import type { RuleDescription } from './rule.ts';

/** What the guard's protection tells; see docs/rules.md. */
export const DENIAL_RULES = [
  {
    id: 'execution-denied',
    title: 'Program or script not from the image',
    severity: 'critical',
    attack: ['T1105', 'T1059'],
    explanation:
      'Something that the image never held, or a file of the image that was changed, was about to be executed: a dropped tool, a miner, a script with a `#!` line. Software that is installed into a running container is met as well; it belongs in the image.',
  },
  {
    id: 'library-denied',
    title: 'Library not from the image',
    severity: 'critical',
    attack: ['T1574.006'],
    explanation:
      'The dynamic loader was about to take in a library that the image never held, as LD_PRELOAD, `/etc/ld.so.preload`, dlopen(3) or an extension of an interpreter make it do. Some programs unpack a library of their own into a temporary folder; an exception names it with its writer and its reader.',
  },
  {
    id: 'server-code-denied',
    title: 'Server code not from the image',
    severity: 'critical',
    attack: ['T1505.003'],
    explanation:
      'A web server or PHP opened code that the image never held: a web shell, or a picture with PHP in it. Applications that write code of their own, such as compiled templates, need an exception with their place and their writer.',
  },
  {
    id: 'script-denied',
    title: 'Script not from the image',
    severity: 'high',
    attack: ['T1059'],
    explanation:
      'An interpreter was about to run a script, a module or an archive of code that the image never held.',
  },
  {
    id: 'shell-input-denied',
    title: 'File refused to a shell',
    severity: 'medium',
    attack: ['T1059.004'],
    explanation:
      'A shell opened a file that the image never held, without its command line naming it: a script that is sourced, set as BASH_ENV or fed by a redirection, but maybe only data (`read line < file`), which the kernel shows no other way. Read data by another program (`$(cat file)`), or except the file. An interactive shell that reads its history of an earlier session is met as well.',
  },
  {
    id: 'program-read-denied',
    title: 'Program’s bytes refused to a reader',
    severity: 'medium',
    attack: ['T1105'],
    explanation:
      'A process opened a program or library that the image never held. Whoever can read it can run it without execve(2), or copy it to where it can be run.',
  },
  {
    id: 'memfd-execution',
    title: 'Program in memory alone',
    severity: 'critical',
    attack: ['T1620'],
    explanation:
      'A process runs from a file that exists in memory alone (memfd_create(2)), as droppers do that leave nothing on disk. Some container runtimes start themselves that way, outside of containers.',
  },
  {
    id: 'ran-before-guard',
    title: 'Process that runs from drift',
    severity: 'high',
    attack: ['T1059'],
    explanation:
      'When protection began, a process was running from a file that the image never held. It goes on running: what is in memory cannot be refused any more.',
  },
  {
    id: 'guard-stalled',
    title: 'Protection had a gap',
    // A busy host does that too, and a replacement would make it busier.
    severity: 'medium',
    attack: ['T1562.001'],
    explanation:
      'For some time nothing was refused, because the process that decides had to be ended or was ended by somebody: its watchdog lets everyone go on who waits for it. What ran meanwhile is found by the scan that follows.',
  },
] as const satisfies readonly RuleDescription[];

type DenialRule = (typeof DENIAL_RULES)[number]['id'];
type Severities = Policy['severityOverrides'];

/**
 * A refusal, or in mode watch what would have been one, as a finding.
 *
 * @param severities overrides of the policy
 */
export function findingOfDenial(denial: Denial, at: Date, severities: Severities = {}): Finding {
  const { path, access, size, sha256, enforced, reader } = denial;
  const { sockets: _, ...process } = reader ?? { pid: 0 };
  return {
    ...finding(ruleOf(denial), [path, access, size, reader?.exe], severities),
    path,
    reason: `${enforced ? 'Refused' : 'Would have been refused'}: ${denial.reason}`,
    ...(sha256 === null ? {} : { sha256 }),
    ...(reader === null ? {} : { process }),
    at: at.toISOString(),
  };
}

/** A process that ran from a file that the image never held when protection began. */
export function findingOfRunningDrift(
  path: string,
  process: ProcessAttribution,
  at: Date,
  severities: Severities = {},
): Finding {
  const inMemory = isMemoryFile(path);
  const what = inMemory ? 'a file that exists in memory alone' : 'a file that is not from the image';
  return {
    ...finding(inMemory ? 'memfd-execution' : 'ran-before-guard', [path, process.pid], severities),
    path,
    reason: `Process ${process.pid} was running from ${what} when protection began, and still may.`,
    process,
    at: at.toISOString(),
  };
}

/**
 * A time in which nothing was refused.
 *
 * @param from since when, in milliseconds since 1970
 * @param to until when
 */
export function findingOfLapse(
  reason: string,
  from: number,
  to: number,
  severities: Severities = {},
): Finding {
  return {
    ...finding('guard-stalled', [from, to, reason], severities),
    path: '/',
    kind: 'C',
    reason: `Nothing was refused for ${((to - from) / 1000).toFixed(1)} s: ${reason.replace(/\.$/, '')}.`,
    at: new Date(to).toISOString(),
  };
}

function ruleOf({ access, path, reader }: Denial): DenialRule {
  if (isMemoryFile(path)) return 'memfd-execution';
  if (access === 'execute') return 'execution-denied';
  if (access === 'load') return 'library-denied';
  if (access === 'read') return 'program-read-denied';
  // What a command line names, somebody had run by hand or by a script.
  if (isNamed(path, reader?.commandLine ?? [])) return 'script-denied';
  const program = baseName(reader?.exe ?? '');
  if (SERVERS.test(program)) return 'server-code-denied';
  return SHELLS.test(program) ? 'shell-input-denied' : 'script-denied';
}

const SERVERS = /php|^(?:apache|httpd|nginx|openresty|lighttpd|litespeed|lshttpd|uwsgi|unitd|java|hhvm)/;
const SHELLS = /^(?:busybox|toybox|r?bash|d?ash|[zckt]?sh|[mlo]ksh|fish|yash|posh)(?![a-z])/;

/** Whether a command line has a file's name in it. */
function isNamed(path: string, commandLine: readonly string[]): boolean {
  const name = baseName(path);
  return commandLine.some((word) => word.includes(name));
}

/** As /proc shows files of memfd_create(2). */
function isMemoryFile(path: string): boolean {
  return path.startsWith('/memfd:') || path.startsWith('memfd:');
}

function finding(rule: DenialRule, parts: readonly unknown[], severities: Severities) {
  const { title, severity, attack } = DENIAL_RULES.find(({ id }) => id === rule) ?? DENIAL_RULES[0];
  const id = createHash('sha256')
    .update(JSON.stringify([rule, ...parts]))
    .digest('hex')
    .slice(0, 16);
  return { id, rule, title, severity: severities[rule] ?? severity, attack: [...attack], kind: 'A' as const };
}
