/** PHP, by itself and in Apache. */
import type { Attack } from '../attack.ts';

const SCRIPT = 'PHP is refused code that the image does not hold, whatever its name.';
const START = 'apache; SITE=/var/www/html;';

function php(id: string, title: string, run: string, more: Partial<Attack> = {}): Attack {
  return {
    ...{ id, title, technique: 'T1059', where: 'default', expected: 'denied', why: SCRIPT, run },
    ...more,
  };
}
const web = (id: string, title: string, run: string, more: Partial<Attack> = {}) =>
  php(id, title, `${START} ${run}`, { technique: 'T1505.003', ...more });
/** The image's page includes the file that a request names, as careless pages do. */
const included = (id: string, title: string, path: string, write: string) =>
  web(`include-${id}`, `the image’s page made to include ${title}`, `${write}; get "page.php?page=${path}"`, {
    technique: 'T1190',
  });
const inline = {
  expected: 'not-covered',
  why: 'The code is on a command line, in a pipe or in a request, and in no file that PHP opens.',
} as const;

export const WEB: Attack[] = [
  php('php', 'php FILE', 'text php $W/x.php; php $W/x.php'),
  php('php-stdin', 'php < FILE', 'text php $W/x.php; php < $W/x.php'),
  php(
    'php-prepend',
    'auto_prepend_file',
    'text php $W/x; php -d auto_prepend_file=$W/x /opt/scripts/page.php',
    {
      technique: 'T1546',
    },
  ),
  php(
    'php-scan-dir',
    'a php.ini of the attacker’s own (PHP_INI_SCAN_DIR)',
    'text php $W/x; echo "auto_prepend_file=$W/x" > $W/a.ini; PHP_INI_SCAN_DIR=$W php /opt/scripts/page.php',
    { technique: 'T1546' },
  ),
  php(
    'php-picture',
    'include of a picture that holds PHP code',
    `{ printf 'GIF89a'; printenv php; } > $W/x.gif; php -r 'include getenv("W") . "/x.gif";'`,
    { technique: 'T1027.009' },
  ),
  php(
    'php-phar',
    'include of an archive (phar://)',
    `cd $W; text php x.php; tar -cf x.tar x.php; php -r 'include "phar://" . getenv("W") . "/x.tar/x.php";'`,
    { technique: 'T1027.013' },
  ),
  php('php-r', 'php -r', 'php -r "$(printenv php | cut -c 6-)"', inline),
  php('php-pipe', 'php, its script in a pipe', 'printenv php | php', inline),
  php(
    'php-data',
    'include of a data: URL',
    `php -d allow_url_include=1 -r 'include "data:text/plain;base64," . base64_encode(getenv("php"));'`,
    inline,
  ),
  php(
    'php-environment',
    'include of the environment of the process',
    `php -r 'include "/proc/self/environ";'`,
    {
      ...inline,
      technique: 'T1190',
    },
  ),
  web(
    'web-shell',
    'a web shell in the document root',
    'text php $SITE/attack-web-shell-$N.php; get attack-web-shell-$N.php',
  ),
  web(
    'web-shell-upload',
    'a web shell in the upload folder, by the web server’s user',
    'export F=$SITE/uploads/attack-web-shell-upload-$N.php; setpriv --reuid 33 --clear-groups sh -c "printenv php > $F"; get uploads/attack-web-shell-upload-$N.php',
  ),
  web(
    'web-phtml',
    'a web shell with another of PHP’s extensions',
    'text php $SITE/attack-web-phtml-$N.phtml; get attack-web-phtml-$N.phtml',
    { technique: 'T1036.008' },
  ),
  web('web-overwritten', 'a page of the image overwritten', 'text php $SITE/other.php; get other.php', {
    technique: 'T1554',
  }),
  web(
    'htaccess-type',
    '.htaccess that makes pictures PHP',
    `D=attack-htaccess-type-$N; mkdir -p $SITE/$D; echo 'AddType application/x-httpd-php .jpg' > $SITE/$D/.htaccess; text php $SITE/$D/x.jpg; get $D/x.jpg`,
  ),
  web(
    'htaccess-prepend',
    '.htaccess with auto_prepend_file, for a page of the image',
    'mkdir -p /var/www/attack-htaccess-prepend; text php /var/www/attack-htaccess-prepend/$N; echo "php_value auto_prepend_file /var/www/attack-htaccess-prepend/$N" > $SITE/.htaccess; get "page.php?page=/etc/hostname"; rm -f $SITE/.htaccess',
    { technique: 'T1546' },
  ),
  included(
    'upload',
    'an uploaded picture',
    'uploads/attack-include-upload-$N.gif',
    `{ printf 'GIF89a'; printenv php; } > $SITE/uploads/attack-include-upload-$N.gif`,
  ),
  included(
    'log',
    'the server’s log, with PHP code in it',
    '/var/log/apache2/attack-include-log-$N.log',
    `chmod 755 /var/log/apache2; printf '127.0.0.1 - - "GET /%s HTTP/1.1" 404\\n' "$php" > /var/log/apache2/attack-include-log-$N.log`,
  ),
  included(
    'session',
    'a session with PHP code in it',
    '/tmp/sess_attack-include-session-$N',
    `printf 'name|s:99:"%s";' "$php" > /tmp/sess_attack-include-session-$N`,
  ),
];
