import { file } from '../../images/dockerfile.ts';
import { fetched, page } from '../http.ts';
import { type CorpusService, check, dockerfileOf } from '../service.ts';
import { mariadbInVolume } from './mariadb.ts';

const CONFIGURATION = `<?php
define('DB_NAME', 'shop');
define('DB_USER', 'shop');
define('DB_PASSWORD', 'secret');
define('DB_HOST', 'db');
define('DB_COLLATE', '');
define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
define('WP_SITEURL', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
`;
const SITE = `<VirtualHost *:80>
  DocumentRoot /usr/share/wordpress
  Alias /wp-content /var/lib/wordpress/wp-content
  <Directory /usr/share/wordpress>
    Options FollowSymLinks
    Require all granted
  </Directory>
  <Directory /var/lib/wordpress/wp-content>
    Options FollowSymLinks
    Require all granted
  </Directory>
  CustomLog \${APACHE_LOG_DIR}/access.log combined
</VirtualHost>
`;
const ACCOUNT = { log: 'guest', pwd: 'a-long-secret-of-11-words' };

/** Debian's WordPress, with its database beside it. */
export const wordpress: CorpusService = {
  name: 'wordpress',
  companion: { alias: 'db', service: mariadbInVolume },
  dockerfile: dockerfileOf({
    packages: 'apache2 libapache2-mod-php wordpress wordpress-theme-twentytwentythree php-mysql php-gd',
    steps: [
      file('/etc/wordpress/config-default.php', CONFIGURATION),
      `${file('/etc/apache2/sites-available/000-default.conf', SITE)} && mkdir -p /run/apache2`,
      'RUN install -d -o www-data -g www-data /var/lib/wordpress/wp-content/uploads',
    ],
    ports: ['80'],
    command: ['sh', '-c', '. /etc/apache2/envvars && exec apache2 -DFOREGROUND'],
  }),
  async use({ place, again }) {
    const site = `http://${place(80)}`;
    await install(site);
    if (again) await page(await newestPicture(site), 'PNG');
    const cookie = await logIn(site);
    await upload(site, cookie);
    await page(await newestPicture(site), 'PNG');
    await page(`${site}/?p=1`, 'Hello world');
  },
};

async function install(site: string): Promise<void> {
  const { url } = await fetched(`${site}/`);
  if (!url.includes('install.php')) return;
  const body = new URLSearchParams({
    weblog_title: 'Shop',
    user_name: ACCOUNT.log,
    admin_password: ACCOUNT.pwd,
    admin_password2: ACCOUNT.pwd,
    admin_email: 'guest@example.org',
    language: '',
  });
  await page(`${site}/wp-admin/install.php?step=2`, 'Success', { method: 'POST', body });
}

async function logIn(site: string): Promise<string> {
  const answer = await fetch(`${site}/wp-login.php`, {
    method: 'POST',
    body: new URLSearchParams({ ...ACCOUNT, testcookie: '1' }),
    headers: { cookie: 'wordpress_test_cookie=WP%20Cookie%20check' },
    redirect: 'manual',
  });
  await answer.body?.cancel();
  check(answer.status === 302, `the login was answered with ${answer.status}`);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

async function upload(site: string, cookie: string): Promise<void> {
  const nonce = await fetched(`${site}/wp-admin/admin-ajax.php?action=rest-nonce`, { headers: { cookie } });
  await page(`${site}/?rest_route=/wp/v2/media`, 'source_url', {
    method: 'POST',
    headers: {
      cookie,
      'x-wp-nonce': nonce.text,
      'content-type': 'image/png',
      'content-disposition': 'attachment; filename="picture.png"',
    },
    body: Buffer.from(PNG, 'base64'),
  });
}

/** The picture that was uploaded last; by where the site is found now, as the database holds the address of then. */
async function newestPicture(site: string): Promise<string> {
  const { text } = await fetched(`${site}/?rest_route=/wp/v2/media&per_page=1`);
  const [newest] = JSON.parse(text) as { readonly source_url: string }[];
  check(newest !== undefined, 'the pictures are gone');
  return `${site}${new URL(newest.source_url).pathname}`;
}
