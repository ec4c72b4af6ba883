/** Notifications and metrics of a real guard: written before they are sent, and sent by the next guard. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Notification } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { docker, startContainer } from './support/engine.ts';
import { RunningGuard, temporaryState } from './support/guard.ts';

/** A port that nobody listens on, as long as nobody takes it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function receive(port: number): Promise<Notification[]> {
  const messages: Notification[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      messages.push(JSON.parse(body));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return messages;
}

test('a response is told by the next guard when this one is killed, and counted while it runs', async () => {
  using state = temporaryState();
  await using suspect = await startContainer();
  const [receiverPort, apiPort] = [await freePort(), await freePort()];
  const config = join(state.path, 'pristine.yaml');
  writeFileSync(
    config,
    `version: 1
defaults: { recovery: { keepSuspect: '0' } }
notify:
  targets:
    - name: ops
      type: webhook
      url: http://127.0.0.1:${receiverPort}/
      secret: { env: HOOK }
      rate: { burst: 100 }
`,
  );
  const args = [suspect.name, '--mode', 'heal', '--config', config, '--listen', String(apiPort)];
  const env = { HOOK: Buffer.alloc(32, 3).toString('base64') };
  onTestFinished(() => void run('docker', ['rm', '-f', '-v', suspect.name]));
  let incident: string;
  {
    await using guard = new RunningGuard(state.path, args, env);
    await guard.waitFor('ready');
    await suspect.sh(`mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > /var/www/html/s.php`);
    incident = (await guard.healed()).id;

    const authorization = `Bearer ${readFileSync(join(state.path, 'api.token'), 'utf8').trim()}`;
    const scrape = async () => {
      const response = await fetch(`http://127.0.0.1:${apiPort}/metrics`, { headers: { authorization } });
      return response.text();
    };
    await expect
      .poll(scrape, { timeout: 30_000 })
      .toMatch(/^pristine_notifications_queued\{target="ops"\} [5-9]/m);
    const text = await scrape();
    expect(text).toMatch(/^pristine_incidents\{state="healed",severity="\w+"\} 1$/m);
    expect(text).toMatch(/^pristine_replacements_total 1$/m);
    expect(text).toMatch(/^pristine_response_step_seconds_count\{step="capture",outcome="done"\} 1$/m);
    expect(text).toMatch(/^pristine_watched_containers\{mode="heal"\} 1$/m);
    expect(await guard.stop('SIGKILL')).toBeNull();
  }

  const messages = await receive(receiverPort);
  await using guard = new RunningGuard(state.path, args, env);
  await guard.waitFor('ready');
  const titles = () => messages.filter((each) => each.incident === incident).map(({ title }) => title);
  await expect.poll(titles, { timeout: 60_000 }).toEqual(
    expect.arrayContaining([
      // The folder may come first, which alone is not worth a message.
      expect.stringMatching(/^incident( now \w+)?: /),
      'the suspect is frozen',
      'evidence is sealed',
      'a pristine container took its place',
      'healed: a pristine container serves',
    ]),
  );
  expect(messages.find(({ kind }) => kind === 'incident')).toMatchObject({
    container: { id: suspect.id, name: suspect.name },
    link: `http://127.0.0.1:${apiPort}/api/v1/incidents/${incident}`,
  });
  expect(await guard.stop()).toBe(0);
  await docker('rm', '-f', '-v', suspect.name);
}, 180_000);
