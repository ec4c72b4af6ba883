/**
 * Services that make code as a part of their work: Erlang, a JVM with pages that are compiled, Python, Node.js. With
 * the default policy nothing of it is refused.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureServiceImage } from '../range/index.ts';
import { nodeWeb, pythonWeb, rabbitmq, tomcat } from './services/index.ts';
import { useOrdinarily } from './services/ordinary-use.ts';

const SERVICES = [tomcat, rabbitmq, pythonWeb, nodeWeb];
const images = new Map<string, string>();

beforeAll(async () => {
  for (const service of SERVICES) images.set(service.name, (await ensureServiceImage(service)).reference);
}, 900_000);

describe.each(SERVICES)('the code that $name makes', (service) => {
  test('is refused to nobody, and what is dropped into it is', async () => {
    const { events, attack } = await useOrdinarily(service, images.get(service.name) ?? '', 'protect');
    expect(events.filter(({ type }) => type === 'denied')).toEqual([]);
    expect(attack).toMatchObject({ enforced: true, access: 'execute' });
  });
});
