/**
 * Services that were not built for Pristine, from Debian's packages: neither a finding nor a refusal may disturb
 * them. See no-false-denial.full.test.ts for those that make code as a part of their work.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureServiceImage } from '../range/index.ts';
import { mariadb, nginx, postgresql, redis } from './services/index.ts';
import { useOrdinarily } from './services/ordinary-use.ts';

const SERVICES = [nginx, redis, postgresql, mariadb];
const images = new Map<string, string>();

beforeAll(async () => {
  for (const service of SERVICES) images.set(service.name, (await ensureServiceImage(service)).reference);
}, 900_000);

describe.each(SERVICES)('ordinary use of $name', (service) => {
  test('gives no finding, and nothing is refused', async () => {
    const { events, attack } = await useOrdinarily(service, images.get(service.name) ?? '', 'protect');
    const findings = events.flatMap((event) =>
      event.type === 'finding' ? [`${event.finding.rule}: ${event.finding.path}`] : [],
    );
    expect(findings).toEqual([]);
    expect(events.filter(({ type }) => type === 'denied')).toEqual([]);
    expect(events.filter(({ type }) => type === 'change').length).toBeGreaterThan(5);
    expect(attack).toMatchObject({ enforced: true, access: 'execute' });
  });
});
