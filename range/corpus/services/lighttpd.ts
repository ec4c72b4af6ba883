import { file } from '../../images/dockerfile.ts';
import { page } from '../http.ts';
import { type CorpusService, dockerfileOf } from '../service.ts';

/** Debian's configuration with its access log, and a script that reads what is sent. */
export const lighttpd: CorpusService = {
  name: 'lighttpd',
  dockerfile: dockerfileOf({
    packages: 'lighttpd',
    steps: [
      'RUN lighty-enable-mod cgi accesslog',
      `${file('/usr/lib/cgi-bin/length', '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"; wc -c\n')} && chmod 755 /usr/lib/cgi-bin/length`,
    ],
    ports: ['80'],
    command: ['lighttpd', '-D', '-f', '/etc/lighttpd/lighttpd.conf'],
  }),
  async use({ place }) {
    const site = `http://${place(80)}`;
    await page(`${site}/index.lighttpd.html`, 'Placeholder page');
    await page(`${site}/cgi-bin/length`, '900000', { method: 'POST', body: 'x'.repeat(900_000) });
  },
};
