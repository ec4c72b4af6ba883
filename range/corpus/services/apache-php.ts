import { file } from '../../images/dockerfile.ts';
import { fetched, page } from '../http.ts';
import { type CorpusService, check, dockerfileOf } from '../service.ts';

const INDEX = `<?php
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
if (isset($_FILES['picture'])) {
    move_uploaded_file($_FILES['picture']['tmp_name'], __DIR__ . '/uploads/' . basename($_FILES['picture']['name'])) or http_response_code(500);
}
echo 'visits: ', $_SESSION['visits'];
`;

/** Sessions, and files that visitors upload. */
export const apachePhp: CorpusService = {
  name: 'apache-php',
  dockerfile: dockerfileOf({
    packages: 'apache2 libapache2-mod-php',
    steps: [
      'RUN rm /var/www/html/index.html && install -d -o www-data -g www-data /var/www/html/uploads && mkdir -p /run/apache2',
      file('/var/www/html/index.php', INDEX),
    ],
    ports: ['80'],
    command: ['sh', '-c', '. /etc/apache2/envvars && exec apache2 -DFOREGROUND'],
  }),
  async use({ place, again }) {
    const site = `http://${place(80)}`;
    if (again) await page(`${site}/uploads/picture.txt`, 'a picture');
    const { headers } = await fetched(`${site}/`);
    const cookie = headers.get('set-cookie')?.split(';')[0];
    check(cookie !== undefined, 'there is no session');
    await page(`${site}/`, 'visits: 2', { headers: { cookie } });
    const form = new FormData();
    form.set('picture', new Blob(['a picture'.repeat(40_000)]), 'picture.txt');
    await page(`${site}/`, 'visits: 1', { method: 'POST', body: form });
    await page(`${site}/uploads/picture.txt`, 'a picture');
  },
};
