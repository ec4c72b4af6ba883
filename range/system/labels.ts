import { randomBytes } from 'node:crypto';

/** Everything of one run carries this label with the run's id. */
export const DEMO_LABEL = 'pristine.demo';

/** Names of one run; unique, so that runs do not meet each other. */
export interface RunNames {
  readonly run: string;
  readonly label: string;
  readonly network: string;
  readonly volume: string;
  readonly web: string;
  readonly db: string;
  readonly attacker: string;
  /** The front end of the read-only act. */
  readonly readOnlyWeb: string;
  /** The front end that nobody guards. */
  readonly unguardedWeb: string;
  /** The front end that is protected, and not healed. */
  readonly protectedWeb: string;
}

export function newRunNames(): RunNames {
  const run = randomBytes(4).toString('hex');
  const name = (part: string) => `pristine-demo-${run}-${part}`;
  return {
    run,
    label: `${DEMO_LABEL}=${run}`,
    network: `pristine-demo-${run}`,
    volume: name('data'),
    web: name('web'),
    db: name('db'),
    attacker: name('attacker'),
    readOnlyWeb: name('web-readonly'),
    unguardedWeb: name('web-unguarded'),
    protectedWeb: name('web-protected'),
  };
}
