import { describe, expect, test } from 'vitest';
import { isSecretName, redactAssignment, redactCommandLine, redactUrl } from './redact.ts';

test.each(['MYSQL_ROOT_PASSWORD', 'db_passwd', 'API_KEY', 'GITHUB_TOKEN', 'Authorization', 'SENTRY_DSN'])(
  '%s is a name of a secret',
  (name) => {
    expect(isSecretName(name)).toBe(true);
  },
);

test.each(['PATH', 'HOME', 'LANG', 'PHP_VERSION'])('%s is not a name of a secret', (name) => {
  expect(isSecretName(name)).toBe(false);
});

test.each<[string, string]>([
  ['DB_PASSWORD=a=b', 'DB_PASSWORD=***'],
  ['PATH=/usr/bin', 'PATH=/usr/bin'],
  ['DATABASE=mysql://root:hunter2@db:3306/shop', 'DATABASE=mysql://root:***@db:3306/shop'],
  ['novalue', 'novalue'],
])('of the assignment %s is shown %s', (assignment, shown) => {
  expect(redactAssignment(assignment)).toBe(shown);
});

test('every password in the URLs of a text is hidden, and nothing else', () => {
  expect(redactUrl('ftp://a:b@c and HTTPS://d:e@f/g, not http://h:80/i@j')).toBe(
    'ftp://a:***@c and HTTPS://d:***@f/g, not http://h:80/i@j',
  );
});

describe('a command line', () => {
  test.each<[string[], string[]]>([
    [
      ['mysql', '--password=x', '-u', 'root'],
      ['mysql', '--password=***', '-u', 'root'],
    ],
    [
      ['curl', '--token', 'x', 'http://u:p@h/'],
      ['curl', '--token', '***', 'http://u:***@h/'],
    ],
    [
      ['run', '--password', '--verbose', 'x'],
      ['run', '--password', '--verbose', 'x'],
    ],
    [
      ['env', 'SECRET=x', 'LANG=C', 'sh'],
      ['env', 'SECRET=***', 'LANG=C', 'sh'],
    ],
    [
      ['mysql', '-phunter2', '-p', 'shop'],
      ['mysql', '-p***', '-p', 'shop'],
    ],
    [
      ['ps', '-pa', 'http://u:p@h/?a=b'],
      ['ps', '-pa', 'http://u:***@h/?a=b'],
    ],
    [
      ['sh', '-c', 'id;  /usr/bin/mysqldump -pX --token x\n DB_PASS=x run'],
      ['sh', '-c', 'id;  /usr/bin/mysqldump -p*** --token ***\n DB_PASS=*** run'],
    ],
  ])('%j is shown as %j', (words, shown) => {
    expect(redactCommandLine(words)).toEqual(shown);
  });
});

test.each(['x', 'a://', ':', 'a://b:', '-'])('a long word of %j is looked at in no time', (piece) => {
  const word = piece.repeat(200_000 / piece.length);
  const start = process.cpuUsage();
  redactCommandLine([word]);
  const { user } = process.cpuUsage(start);
  // Searched anew from each letter, it takes minutes.
  expect(user / 1000).toBeLessThan(2000);
});
