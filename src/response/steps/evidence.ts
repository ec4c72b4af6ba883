import { PristineError } from '../../kernel/index.ts';
import { isGone, required, type Step } from './step.ts';

export const capture: Step<'capture'> = {
  intent: () => 'capture evidence',
  run: async (incident, { replace, freeze }, { engine, store, evidence }) => {
    const kept = await evidence.sealedBundle(incident, freeze?.at ?? incident.openedAt);
    if (kept !== null) {
      await store.addBundle(incident.id, kept);
      return { data: { bundle: kept }, text: `evidence was sealed before as ${kept}` };
    }
    try {
      const suspect = await engine.inspect(incident.container.id);
      const timeline = await store.timeline(incident.id);
      const bundle = await evidence.capture(suspect, incident, timeline, replace !== undefined);
      await store.addBundle(incident.id, bundle);
      return { data: { bundle }, text: `evidence sealed as ${bundle}` };
    } catch (error) {
      if (!(await hasVanished(error, () => engine.inspect(incident.container.id)))) throw error;
      const text = 'somebody has removed the suspect before its evidence was sealed: there is none';
      return { data: { bundle: null }, text };
    }
  },
};

/** Whether the reason of a failure is that the container is gone, whatever the error says. */
async function hasVanished(error: unknown, look: () => Promise<unknown>): Promise<boolean> {
  if (isGone(error)) return true;
  return look().then(() => false, isGone);
}

export const verify: Step<'verify'> = {
  isWanted: async (_incident, { capture: captured }) => captured?.bundle !== null,
  intent: () => 'verify the evidence',
  run: async (incident, { capture: captured }, { evidence, force }) => {
    const { bundle } = required(captured, 'capture');
    if (bundle === null) return { data: { filesChecked: 0 }, text: 'there is none' };
    const { ok, problems, filesChecked } = await evidence.verify(bundle);
    if (ok) return { data: { filesChecked }, text: `evidence verified: ${filesChecked} files` };
    const why = `the bundle ${bundle} does not verify: ${problems[0]?.subject}: ${problems[0]?.detail}`;
    if (force) {
      await evidence.recordForced(bundle, incident, why);
      return { data: { filesChecked }, text: `forced by hand, although ${why}` };
    }
    throw new PristineError('E_EVIDENCE_INVALID', why, {
      next: `The suspect ${incident.container.name} is kept frozen. Look at the disk, then run "pristine restore ${incident.container.name}"; --force goes on without.`,
    });
  },
};
