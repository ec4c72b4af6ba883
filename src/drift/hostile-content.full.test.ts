import { describe, test } from 'vitest';
import { expectLinear } from '../../test/support/linear-time.ts';
import { added } from '../../test/support/subjects.ts';
import { judgeCode } from './code-flow.ts';
import { RULES } from './index.ts';
import type { Language } from './runnable.ts';

/** Pieces that, repeated, are the worst for some search: openings that never close, near matches, long runs. */
const PIECES = [
  ' ',
  '\n',
  '\t',
  'a',
  '$',
  '(',
  '[',
  '{',
  ')',
  '\\',
  '/*',
  '//',
  '#',
  '<?',
  '<?php ',
  '<?=',
  "'",
  '"',
  '`',
  '<<<A\n',
  '<<<A',
  'A;\n',
  'eval(',
  'include ',
  '$a=',
  '$a.=$a.',
  "'a'.",
  '"$a".',
  'chr(1).',
  "$a['x'][0].",
  '$_GET[',
  '$$',
  '${',
  'function f($x){',
  'foreach(',
  'f(',
  'array_map(',
  '?x:',
  'system(escapeshellarg(',
  'call_user_func("system",',
  '$_GET',
  'eval($',
  'if(',
  'request.args',
  'exec(',
  'x = request.args\n',
  'a,\n',
  'a(',
  'f"{',
  'Buffer.from(',
  'open ',
  'open(a|',
  'req.query',
  ".on('data',",
  '$QUERY_STRING ',
  'sh -c ',
  '`$',
  '$(',
  'base64 -d',
  '\\u0041',
  '\\uuuuuuuu',
  'Runtime request.getParameter ',
  '/dev/tcp/',
  'nc ',
  'nc -',
  'mkfifo ',
  'mkfifo |sh|',
  '|sh ',
  'mknod ',
  'mknod a p ',
  'socat ',
  'bash -i ',
  'find -perm ',
  'find ',
  'curl ',
  'curl |',
  'wget chmod ',
  'curl chmod +',
  'bash <(',
  'urlopen ',
  'exec(urlopen',
  'for a, b in ',
  'for ',
  'a=',
  '=',
  '==',
  '!=',
  ' =',
  '.',
  '->',
  'auto_prepend_file ',
  '#!',
  '#!/usr/bin/env ',
  '\0',
  '\xff',
  '%x',
  '*/',
  '?>',
];

const LANGUAGES: Language[] = ['jsp', 'python', 'node', 'perl', 'ruby', 'shell', 'lua'];

const SEARCHES: [string, (text: string) => unknown][] = [
  ...LANGUAGES.map((language): [string, (text: string) => unknown] => [
    `judgeCode ${language}`,
    (text) => judgeCode(text, language),
  ]),
  ...(['x.php', 'x.sh', 'php.ini'] as const).map((name): [string, (text: string) => unknown] => [
    `all rules on ${name}`,
    (text) => {
      // With a tag, so that the rest is read as code where it is PHP.
      const subject = added(`/var/www/html/${name}`, { text: name === 'x.php' ? `<?php ${text}` : text });
      for (const rule of RULES) rule.match(subject);
    },
  ]),
];

describe('searches through hostile content stay near a plain scan', () => {
  test.each(SEARCHES)('%s', (_, search) => expectLinear(search, PIECES));
});
