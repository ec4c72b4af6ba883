/** A few of the points of crash-matrix.full.test.ts, at which a response has left things half done. */
import { expect, test } from 'vitest';
import { startCrashHost } from './crash/host.ts';
import { crash } from './crash/matrix.ts';
import type { Strike } from './crash/plan.ts';
import { AGENT_SCENARIOS } from './crash/scenarios.ts';

const STRIKES: readonly Strike[] = [
  // Nobody has the name.
  { point: 'POST /containers/suspect/rename?name=web-inc-* #1', moment: 'after' },
  // The replacement has the name, and nobody knows its id.
  { point: 'POST /containers/create?name=web #1', moment: 'sent' },
  // The ledger is being begun.
  { point: 'open /ledger.head.*.tmp #1', moment: 'after' },
  // The bundle is sealed, and the journal does not know it.
  { point: 'rename /evidence/.tmp-ev-* /evidence/ev-* #1', moment: 'after' },
];

test('whoever kills the agent in the middle gets one bundle and one replacement all the same', async () => {
  const [scenario] = AGENT_SCENARIOS;
  if (scenario === undefined) throw new Error('no scenario');
  await using host = await startCrashHost();
  for (const strike of STRIKES) {
    const { struck, wrong } = await crash(host, { scenario, strike });
    expect({ struck: struck.length, wrong }, JSON.stringify(strike)).toEqual({ struck: 1, wrong: [] });
  }
}, 240_000);
