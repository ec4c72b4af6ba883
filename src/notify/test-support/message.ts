import type { Notification } from '../../contract/index.ts';

/** Terminal escapes, quotes, markup, mentions, line ends, bytes that are not UTF-8: as a container may name a file. */
export const HOSTILE =
  'a\udcff\0\u001b[31m"\\]`<!channel>&@here\nPRIORITY=0\r<0>x\u2028\u202e{"x":1}\u{1f480}';

export function message(over: Partial<Notification> = {}): Notification {
  return {
    version: 1,
    id: 'ntf-20260102t030405-aaaaaa',
    kind: 'incident',
    severity: 'high',
    at: '2026-01-02T03:04:05.000Z',
    host: 'host-1',
    container: { id: 'c1', name: 'web' },
    incident: 'inc-1',
    rule: 'web-shell',
    attack: ['T1505.003'],
    path: '/srv/x.php',
    title: 'incident: Web shell',
    text: '/srv/x.php: it runs what a request sends',
    times: 1,
    link: 'https://pristine.example/inc-1',
    command: 'pristine incident inc-1',
    ended: false,
    ...over,
  };
}
