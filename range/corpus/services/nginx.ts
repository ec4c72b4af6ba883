import { file } from '../../images/dockerfile.ts';
import { fetched, page } from '../http.ts';
import { type CorpusService, check, dockerfileOf } from '../service.ts';

const SITE = `proxy_cache_path /var/cache/nginx keys_zone=pages:1m;
server {
  listen 80 default_server;
  root /var/www/html; index index.nginx-debian.html;
  location /app/ { proxy_pass http://127.0.0.1:8081/; proxy_cache pages; proxy_cache_valid 1m; add_header X-Cache $upstream_cache_status; }
}
server { listen 127.0.0.1:8081; location / { return 200 "an answer"; } }
`;

/** Static pages, and a proxy with a cache that spools what is uploaded. */
export const nginx: CorpusService = {
  name: 'nginx',
  dockerfile: dockerfileOf({
    packages: 'nginx',
    steps: [file('/etc/nginx/sites-available/default', SITE)],
    ports: ['80'],
    command: ['nginx', '-g', 'daemon off;'],
  }),
  async use({ place }) {
    const site = `http://${place(80)}`;
    await page(`${site}/`, 'Welcome to nginx');
    const query = `${site}/app/?${Math.random()}`;
    await page(query, 'an answer');
    const { headers } = await fetched(query);
    check(headers.get('x-cache') === 'HIT', `the cache did not answer: ${headers.get('x-cache')}`);
    await page(`${site}/app/`, 'an answer', { method: 'POST', body: 'x'.repeat(900_000) });
  },
};
