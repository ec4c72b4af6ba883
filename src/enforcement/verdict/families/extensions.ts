import { words } from './family.ts';

/** What each language's files are called; several programs share some. */
export const PHP = words('php php3 php4 php5 php6 php7 php8 phps pht phtm phtml phar inc hphp');
export const PYTHON = words('py pyc pyo pyw pyz pyzw pth egg whl wsgi xsh');
export const PERL = words('pl pm ph al pmc plx psgi t cgi fcgi');
export const RUBY = words('rb rbw ru rake gemspec erb rhtml');
export const LUA = words('lua luac');
export const JAVASCRIPT = words('js mjs cjs jsx ts mts cts tsx node wasm');
export const JVM = words(
  'jar war ear class jmod jsp jspx jspf jspa jsw jsv tag tagx groovy gvy gy bsh clj kts',
);
