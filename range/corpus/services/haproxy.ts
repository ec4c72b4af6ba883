import { file } from '../../images/dockerfile.ts';
import { page } from '../http.ts';
import { type CorpusService, dockerfileOf } from '../service.ts';

const SITE = `
frontend web
  bind :80
  stats enable
  stats uri /stats
  default_backend pages
backend pages
  server one 127.0.0.1:8081 check
frontend one
  bind 127.0.0.1:8081
  http-request return status 200 content-type text/plain string "an answer"
`;

/** Debian's configuration (chroot, socket of its own for administrators), and a site behind it. */
export const haproxy: CorpusService = {
  name: 'haproxy',
  dockerfile: dockerfileOf({
    packages: 'haproxy',
    steps: [
      `${file('/tmp/site.cfg', SITE)} && cat /tmp/site.cfg >> /etc/haproxy/haproxy.cfg && rm /tmp/site.cfg && mkdir -p /run/haproxy`,
    ],
    ports: ['80'],
    command: ['haproxy', '-W', '-db', '-f', '/etc/haproxy/haproxy.cfg'],
  }),
  async use({ place }) {
    const site = `http://${place(80)}`;
    await page(`${site}/`, 'an answer');
    await page(`${site}/stats`, 'Statistics Report');
    await page(`${site}/`, 'an answer', { method: 'POST', body: 'x'.repeat(100_000) });
  },
};
