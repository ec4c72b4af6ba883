import { expect, test } from 'vitest';
import type { Incident } from '../contract/index.ts';
import { protectedEvidence } from './prune.ts';

const incident = (id: string, part: Partial<Incident>) =>
  ({ id, bundles: [`ev-${id}`], suspect: null, ...part }) as Incident;

test('evidence may go of incidents that are over, and whose suspect is gone', () => {
  const suspect = { id: 's', name: 's', until: '2026-01-01T00:00:00Z' };
  const incidents = [
    ...(['open', 'responding', 'failed', 'healed', 'closed'] as const).map((state) =>
      incident(state, { state }),
    ),
    incident('kept', { state: 'healed', suspect }),
  ];
  const expected = ['open', 'responding', 'failed', 'kept'].flatMap((id) => [id, `ev-${id}`]);
  expect([...protectedEvidence(incidents)].sort()).toEqual(expected.sort());
});
