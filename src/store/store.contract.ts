/** What every store must do; each adapter's test calls {@link describeStore} with itself. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Finding, Severity } from '../contract/index.ts';
import type { NewIncident, Store } from './port.ts';
import { inProcess, type StoreUnderTest } from './store.contract-process.ts';

/** Invalid UTF-8 (as lone surrogates), NUL, terminal escapes, quotes, JSON and SQL in one name. */
const HOSTILE = 'a\udcff\udc80\0b\u001b[31m\'";\n{"x":1}\u2028 -- %s \u{1f480}';

export const opening = (id: string, over: Partial<NewIncident> = {}): NewIncident => ({
  id,
  container: { id: 'c1', name: 'web', image: 'shop:1' },
  mode: 'heal',
  openedAt: '2026-01-02T03:04:05.000Z',
  ...over,
});

const finding = (id: string, severity: Severity, path = '/srv/x'): Finding => ({
  id,
  rule: 'web-shell',
  title: 'Web shell',
  severity,
  attack: ['T1505.003'],
  path,
  kind: 'A',
  reason: `${path} runs what a request sends`,
  at: '2026-01-02T03:04:05.000Z',
  process: { pid: 7, commandLine: ['sh', '-c', path] },
});

export function describeStore(name: string, subject: StoreUnderTest): void {
  const fresh = async (): Promise<{ store: Store; location: string }> => {
    const location = await subject.location();
    const store = await subject.open(location);
    onTestFinished(() => store.close());
    return { store, location };
  };

  describe(`${name}, as a store`, () => {
    test('begins empty', async () => {
      const { store } = await fresh();
      expect(await store.incidents()).toEqual([]);
      expect(await store.activeIncident('c1')).toBeNull();
      expect(await store.journalOf('inc-1')).toEqual([]);
      expect(await store.timeline('inc-1')).toEqual([]);
    });

    test('keeps an incident from its opening to its end', async () => {
      const { store } = await fresh();
      await store.openIncident(opening('inc-1'));
      expect(await store.incident('inc-1')).toEqual({
        ...opening('inc-1'),
        state: 'open',
        severity: 'info',
        endedAt: null,
        findings: [],
        bundles: [],
        replacement: null,
        suspect: null,
      });
      await store.addBundle('inc-1', 'ev-1');
      await store.addBundle('inc-1', 'ev-2');
      await store.addBundle('inc-1', 'ev-1');
      await store.updateIncident('inc-1', { state: 'failed', error: 'no room' });
      await store.updateIncident('inc-1', {});
      expect(await store.incident('inc-1')).toMatchObject({
        state: 'failed',
        error: 'no room',
        endedAt: null,
      });
      const replacement = { id: 'c2', name: 'web' };
      await store.updateIncident('inc-1', {
        state: 'healed',
        endedAt: '2026-01-02T03:05:00.000Z',
        replacement,
      });
      expect(await store.incident('inc-1')).toMatchObject({
        state: 'healed',
        endedAt: '2026-01-02T03:05:00.000Z',
        replacement,
        bundles: ['ev-1', 'ev-2'],
      });
    });

    test('adds a finding once, and raises the severity but never lowers it', async () => {
      const { store } = await fresh();
      await store.openIncident(opening('inc-1'));
      await store.openIncident(opening('inc-2'));
      expect(await store.addFinding('inc-1', finding('f1', 'medium'))).toBe(true);
      expect(await store.addFinding('inc-1', finding('f2', 'critical'))).toBe(true);
      expect(await store.addFinding('inc-1', finding('f3', 'low'))).toBe(true);
      expect(await store.addFinding('inc-1', finding('f1', 'critical', '/other'))).toBe(false);
      expect(await store.addFinding('inc-2', finding('f1', 'low'))).toBe(true);
      const incident = await store.incident('inc-1');
      expect(incident.severity).toBe('critical');
      expect(incident.findings).toEqual([
        finding('f1', 'medium'),
        finding('f2', 'critical'),
        finding('f3', 'low'),
      ]);
      expect((await store.incident('inc-2')).severity).toBe('low');
    });

    test('adds a finding once when many come at a time', async () => {
      const { store } = await fresh();
      await store.openIncident(opening('inc-1'));
      const added = await Promise.all(
        Array.from({ length: 40 }, (_, i) => store.addFinding('inc-1', finding(`f${i % 8}`, 'low'))),
      );
      expect(added.filter(Boolean)).toHaveLength(8);
      expect((await store.incident('inc-1')).findings).toHaveLength(8);
    });

    test('lists incidents newest first, each with its own findings and bundles', async () => {
      const { store } = await fresh();
      await store.openIncident(opening('inc-b', { openedAt: '2026-01-02T03:04:05.500Z' }));
      await store.openIncident(opening('inc-a', { openedAt: '2026-01-02T03:04:05Z' }));
      await store.openIncident(opening('inc-c', { openedAt: '2026-01-02T03:04:05Z' }));
      await store.addFinding('inc-a', finding('f1', 'high'));
      await store.addBundle('inc-c', 'ev-1');
      const all = await store.incidents();
      expect(all.map(({ id, severity, bundles }) => [id, severity, bundles])).toEqual([
        ['inc-b', 'info', []],
        ['inc-c', 'info', ['ev-1']],
        ['inc-a', 'high', []],
      ]);
    });

    test('finds the active incident of a container, and none once it has ended', async () => {
      const { store } = await fresh();
      await store.openIncident(opening('inc-1'));
      await store.openIncident(opening('inc-2', { container: { id: 'c2', name: 'db', image: 'db:1' } }));
      await store.updateIncident('inc-1', { state: 'failed', error: 'no room' });
      expect((await store.activeIncident('c1'))?.id).toBe('inc-1');
      await store.updateIncident('inc-1', { state: 'closed', endedAt: '2026-01-02T03:05:00.000Z' });
      expect(await store.activeIncident('c1')).toBeNull();
      expect((await store.activeIncident('c2'))?.id).toBe('inc-2');
    });

    test('keeps the journal in the order it was written, and the timeline in order of time', async () => {
      const { store } = await fresh();
      await store.openIncident(opening('inc-1'));
      const at = (second: string) => `2026-01-02T03:04:${second}Z`;
      const entry = { incidentId: 'inc-1', step: 'freeze', at: at('05.000') } as const;
      const frozen = { wasPaused: false, networks: ['net\udc80'] };
      await store.journal({ ...entry, phase: 'intent', data: {} });
      await store.journal({ ...entry, phase: 'done', at: at('01.000'), data: { frozen } });
      expect(await store.journalOf('inc-1')).toEqual([
        { ...entry, phase: 'intent', data: {} },
        { ...entry, phase: 'done', at: at('01.000'), data: { frozen } },
      ]);
      const note = (text: string, second: string) => ({ at: at(second), kind: 'note' as const, text });
      await store.addTimeline('inc-1', note('third', '05.500'));
      await store.addTimeline('inc-1', note('second', '05'));
      await store.addTimeline('inc-1', { ...note('first', '04.999'), kind: 'intent', step: 'capture' });
      await store.addTimeline('inc-1', note('last', '05.500'));
      const timeline = await store.timeline('inc-1');
      expect(timeline.map(({ text }) => text)).toEqual(['first', 'second', 'third', 'last']);
      expect(timeline[0]).toEqual({ at: at('04.999'), kind: 'intent', step: 'capture', text: 'first' });
    });

    test('writes a line of the journal and what is told of it at once, or neither', async () => {
      const { store } = await fresh();
      const incident = opening('inc-1');
      await store.openIncident(incident);
      const { openedAt: at } = incident;
      const entry = { incidentId: 'inc-1', step: 'freeze', phase: 'done', at, data: {} } as const;
      const told = { at, kind: 'done', step: 'freeze', text: 'paused' } as const;
      await store.journal(entry, told);
      expect(await store.journalOf('inc-1')).toEqual([entry]);
      expect(await store.timeline('inc-1')).toEqual([told]);
      const untold = { ...told, at: 'never' };
      await expect(store.journal(entry, untold)).rejects.toThrow();
      expect(await store.journalOf('inc-1')).toEqual([entry]);
    });

    test('lists what is begun and not ended, and repaves nowhere else', async () => {
      const { store } = await fresh();
      for (const id of ['inc-1', 'inc-2', 'inc-3']) await store.openIncident(opening(id));
      const repaved = { id: 'c9', name: 'web', image: 'i' };
      await store.openIncident({ ...opening('rep-1'), container: repaved, purpose: 'repave' });
      expect(await store.activeIncident('c9')).toBeNull();
      await store.updateIncident('inc-2', { state: 'responding' });
      await store.updateIncident('inc-3', { state: 'healed', endedAt: '2026-01-02T03:05:00.000Z' });
      const ids = (incidents: { id: string }[]) => incidents.map(({ id }) => id);
      expect(ids(await store.unfinished())).toEqual(['inc-2', 'rep-1']);
      expect(ids(await store.incidents()).sort()).toEqual(['inc-1', 'inc-2', 'inc-3']);
      expect([await store.purposeOf('inc-1'), await store.purposeOf('rep-1')]).toEqual([
        'incident',
        'repave',
      ]);
      await expect(store.purposeOf('inc-9')).rejects.toMatchObject({ code: 'E_NO_SUCH_INCIDENT' });
    });

    test('knows the suspects that are kept, and how often a container was replaced', async () => {
      const { store } = await fresh();
      const opened = (id: string, openedAt: string, name = 'web') =>
        store.openIncident(opening(id, { openedAt, container: { id, name, image: 'i' } }));
      await opened('inc-1', '2026-01-02T03:00:00.000Z');
      await opened('inc-2', '2026-01-02T03:30:00.000Z');
      await opened('inc-3', '2026-01-02T03:40:00.000Z', 'db');
      await opened('inc-4', '2026-01-02T03:50:00.000Z');
      const replacement = { id: 'r', name: 'web' };
      for (const id of ['inc-1', 'inc-2', 'inc-3']) await store.updateIncident(id, { replacement });
      expect(await store.replacementsSince('web', '2026-01-02T02:59:00.000Z')).toBe(2);
      expect(await store.replacementsSince('web', '2026-01-02T03:15:00.000Z')).toBe(1);
      await store.updateIncident('inc-2', { replacement: null });
      expect(await store.replacementsSince('web', '2026-01-02T02:59:00.000Z')).toBe(1);
      expect((await store.incident('inc-2')).replacement).toBeNull();
      expect(await store.replacementsSince('cache', '2026-01-02T02:59:00.000Z')).toBe(0);

      const kept = (until: string) => ({ id: 's', name: 'web-inc', until });
      await store.updateIncident('inc-1', { suspect: kept('2026-01-04T00:00:00.000Z') });
      await store.updateIncident('inc-2', { suspect: kept('2026-01-03T00:00:00.000Z') });
      expect((await store.keptSuspects()).map(({ id }) => id)).toEqual(['inc-2', 'inc-1']);
      await store.updateIncident('inc-2', { suspect: null });
      expect((await store.keptSuspects()).map(({ suspect }) => suspect?.name)).toEqual(['web-inc']);
    });

    test('gives hostile strings back as they came, also after it was opened again', async () => {
      const { store, location } = await fresh();
      const incident = opening('inc-1', { container: { id: 'c1', name: HOSTILE, image: HOSTILE } });
      const replacement = { id: 'c2', name: HOSTILE };
      const data = { [HOSTILE]: [HOSTILE] };
      const journal = {
        incidentId: 'inc-1',
        step: 'capture',
        phase: 'failed',
        at: incident.openedAt,
      } as const;
      await store.openIncident(incident);
      await store.addFinding('inc-1', finding('f1', 'high', HOSTILE));
      await store.updateIncident('inc-1', { error: HOSTILE, replacement });
      await store.journal({ ...journal, data });
      await store.addTimeline('inc-1', { at: incident.openedAt, kind: 'change', text: HOSTILE });
      const again = await subject.open(location);
      onTestFinished(() => again.close());
      expect(await again.incident('inc-1')).toMatchObject({
        container: incident.container,
        replacement,
        error: HOSTILE,
        findings: [finding('f1', 'high', HOSTILE)],
      });
      expect((await again.journalOf('inc-1'))[0]?.data).toEqual(data);
      expect((await again.timeline('inc-1'))[0]?.text).toBe(HOSTILE);
    });

    test('names the nearest id when an incident is not there, whatever is done with it', async () => {
      const { store } = await fresh();
      await store.openIncident(opening('inc-aaaa'));
      await store.openIncident(opening('inc-zzzz'));
      const missing = { code: 'E_NO_SUCH_INCIDENT', next: expect.stringContaining('inc-aaaa') };
      const at = '2026-01-02T03:04:05.000Z';
      await expect(store.incident('inc-aaab')).rejects.toMatchObject(missing);
      await expect(store.updateIncident('inc-aaab', { state: 'closed' })).rejects.toMatchObject(missing);
      await expect(store.addFinding('inc-aaab', finding('f1', 'low'))).rejects.toMatchObject(missing);
      await expect(store.addBundle('inc-aaab', 'ev-1')).rejects.toMatchObject(missing);
      await expect(store.addTimeline('inc-aaab', { at, kind: 'note', text: '' })).rejects.toMatchObject(
        missing,
      );
      await expect(
        store.journal({ incidentId: 'inc-aaab', step: 'freeze', phase: 'intent', at, data: {} }),
      ).rejects.toMatchObject(missing);
    });

    test('takes a second close', async () => {
      const store = await subject.open(await subject.location());
      await store.close();
      await store.close();
    });

    test('answers two reading processes while a third writes', async () => {
      const { store, location } = await fresh();
      await store.openIncident(opening('inc-1'));
      // Each reader looks at the store a hundred times and fails when what it has seen once is gone later.
      const reader = `let seen = 0;
        for (let i = 0; i < 100; i++) {
          const { findings } = await store.incident('inc-1');
          if (findings.length < seen) throw new Error('a finding has gone');
          seen = findings.length;
        }
        await store.close();`;
      const readers = [inProcess(subject, location, reader), inProcess(subject, location, reader)];
      let written = 0;
      const ended = Promise.all(readers.map(({ exit }) => exit));
      let reading = true;
      void ended.finally(() => {
        reading = false;
      });
      while (reading) {
        await store.addFinding('inc-1', finding(`f${written++}`, 'low'));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(await ended).toEqual([
        { code: 0, stderr: '' },
        { code: 0, stderr: '' },
      ]);
      expect((await store.incident('inc-1')).findings).toHaveLength(written);
    });

    test('holds all it acknowledged when its process is killed between intent and effect', async () => {
      const { store, location } = await fresh();
      await store.openIncident(opening('inc-1'));
      const writer = inProcess(
        subject,
        location,
        `for (let n = 0; ; n++) {
          const entry = { incidentId: 'inc-1', step: 'freeze', at: new Date().toISOString(), data: { n } };
          await store.journal({ ...entry, phase: 'intent' });
          console.log('intent ' + n);
          await store.journal({ ...entry, phase: 'done' });
          console.log('done ' + n);
        }`,
      );
      const acknowledged: string[] = [];
      for await (const line of writer.lines) {
        acknowledged.push(line);
        if (acknowledged.length === 51) writer.kill();
      }
      await writer.exit;
      expect(acknowledged.length).toBeGreaterThan(50);
      const kept = (await store.journalOf('inc-1')).map(({ phase, data }) => `${phase} ${data.n}`);
      // The last write may have reached the disk without its acknowledgement reaching us.
      expect(kept.slice(0, acknowledged.length)).toEqual(acknowledged);
      expect(kept.length - acknowledged.length).toBeLessThanOrEqual(1);
      await store.journal({ incidentId: 'inc-1', step: 'freeze', phase: 'done', at: '', data: {} });
    });
  });
}
