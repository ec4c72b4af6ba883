export interface Scenario {
  readonly name: string;
  /** What is called until it succeeds. */
  readonly command: 'restore' | 'repave' | 'guard';
  /** Options of `docker run` beside name and port; `NETWORK` stands for a user network, `ADDRESS` for one of its addresses. */
  readonly options: readonly string[];
  /** As the label `pristine.keep-suspect` has it. */
  readonly keepSuspect: '0' | '1h';
  /** What is killed. */
  readonly standby?: boolean;
  readonly target: 'agent' | 'dockerd' | 'containerd';
}

/** A container that has about everything that a replacement can get wrong. */
const RICH = [
  ...['--network', 'NETWORK', '--ip', 'ADDRESS', '--network-alias', 'front'],
  ...['--restart', 'unless-stopped', '--hostname', 'front', '-e', 'COLOUR=blue', '--label', 'team=web'],
  ...['--tmpfs', '/run/app', '--ulimit', 'nofile=512', '--memory', '64m', '--cap-drop', 'NET_RAW'],
];
const WRITABLE = ['-v', '/data', '-v', 'VOLUME:/kept'];
/** Both have the same volume, and neither can write to it. */
const READABLE = ['-v', 'VOLUME:/kept:ro'];

const agent = { command: 'restore', keepSuspect: '0', target: 'agent' } as const;

export const AGENT_SCENARIOS: readonly Scenario[] = [
  { ...agent, name: 'freeze-first', options: [...RICH, ...READABLE] },
  { ...agent, name: 'capture-first', options: [...RICH, ...WRITABLE], keepSuspect: '1h' },
  {
    ...agent,
    name: 'start-first',
    options: [...RICH, ...READABLE, '--label', 'pristine.order=start-first'],
    keepSuspect: '1h',
  },
  { ...agent, name: 'volumes of a container with --rm', options: [...WRITABLE, '--rm'] },
  { ...agent, name: 'repave', command: 'repave', options: [...RICH, ...READABLE] },
  { ...agent, name: 'repave with volumes', command: 'repave', options: [...RICH, ...WRITABLE] },
];

export const GUARD_SCENARIOS: readonly Scenario[] = [
  { ...agent, name: 'guard, freeze-first', command: 'guard', options: [...RICH, ...READABLE] },
  {
    ...agent,
    name: 'guard, standby',
    command: 'guard',
    options: [...RICH, ...READABLE, '--label', 'pristine.standby=warm'],
    standby: true,
  },
];

const engine = { ...agent, target: 'dockerd' } as const;

export const ENGINE_SCENARIOS: readonly Scenario[] = [
  { ...engine, name: 'engine killed, freeze-first', options: [...RICH, ...READABLE] },
  { ...engine, name: 'engine killed, capture-first', options: [...RICH, ...WRITABLE] },
  {
    ...engine,
    name: 'engine killed, start-first',
    options: [...RICH, ...READABLE, '--label', 'pristine.order=start-first'],
  },
  { ...engine, name: 'engine killed, no restart policy', options: [...WRITABLE, '--network', 'NETWORK'] },
  { ...engine, name: 'engine killed, guard', command: 'guard', options: [...RICH, ...READABLE] },
  { ...engine, name: 'engine killed, guard, --rm', command: 'guard', options: [...READABLE, '--rm'] },
  {
    ...engine,
    name: 'containerd killed, freeze-first',
    options: [...RICH, ...READABLE],
    target: 'containerd',
  },
];
