import { JAVASCRIPT, JVM, LUA, PERL, PHP, PYTHON, RUBY } from './extensions.ts';
import { type Family, words } from './family.ts';

/** Configuration that lies beside the pages, and can make pictures code. */
const CONFIGURATION = ['.htaccess', '.user.ini'];

/** Programs that serve pages, and can have the interpreters of other languages within them. */
export const WEB: readonly Family[] = [
  {
    name: 'PHP',
    programs: words('php phpdbg hhvm lsphp frankenphp'),
    extensions: PHP,
    names: CONFIGURATION,
    form: {
      operand: true,
      code: ['z', 'zend-extension'],
      script: ['f', 'F', 'file', 'process-file'],
      inline: ['r', 'R', 'run', 'process-code'],
      values: words('c d S t B E php-ini define server docroot'),
    },
    runsPhp: true,
  },
  {
    name: 'a web server that can run scripts',
    programs: words('apache httpd lighttpd litespeed lshttpd openlitespeed'),
    extensions: [...PHP, ...PYTHON, ...PERL, ...LUA, 'rb', 'erb', 'shtml', 'shtm', 'stm'],
    names: CONFIGURATION,
    runsPhp: true,
  },
  {
    name: 'a web server that can run Lua and Perl',
    programs: words('nginx openresty tengine angie haproxy'),
    extensions: [...LUA, 'pm', 'pl'],
  },
  {
    name: 'an application server',
    programs: words('uwsgi unitd passenger'),
    extensions: [...PHP, ...PYTHON, ...PERL, ...RUBY, ...LUA, ...JAVASCRIPT, ...JVM],
    names: CONFIGURATION,
    runsPhp: true,
  },
];
