/** Mode heal with a lock before the freeze. */
import { expect, test } from 'vitest';
import type { Incident, TimelineEntry } from '../src/contract/index.ts';
import { docker, startContainer } from './support/engine.ts';
import { pristineJson, RunningGuard, temporaryState } from './support/guard.ts';

const SHELL = `mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > /var/www/html/s.php`;

test('a label asks for a lock before the freeze', async () => {
  using state = temporaryState();
  // The mode by a flag: a label would have any other guard on this engine choose it too.
  await using suspect = await startContainer({ options: ['--label', 'pristine.lock-first=true'] });
  await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal']);
  await guard.waitFor('ready');
  await suspect.sh(SHELL);
  const incident = await guard.healed();
  const { timeline } = await pristineJson<{ incident: Incident; timeline: TimelineEntry[] }>(
    state.path,
    'incident',
    incident.id,
  );
  const steps = timeline.filter(
    ({ kind, step }) => step !== 'decide' && (kind === 'intent' || kind === 'done'),
  );
  expect(steps.slice(0, 4).map(({ kind, step }) => `${kind} ${step}`)).toEqual([
    'intent lock',
    'done lock',
    'intent freeze',
    'done freeze',
  ]);
  expect(steps[1]?.text).toMatch(/^read-only/);
  expect(await guard.stop()).toBe(0);
  await docker('rm', '-f', '-v', suspect.name);
});
