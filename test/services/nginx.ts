import { requests, type Service, withPackages } from './service.ts';

export const nginx: Service = {
  name: 'nginx',
  dockerfile: withPackages('nginx-light curl logrotate procps apache2-utils'),
  command: ['nginx', '-g', 'daemon off;'],
  ready: 'curl -fsS -o /dev/null http://127.0.0.1/',
  load: [
    requests(3000, 'http://127.0.0.1/'),
    // Missing pages, ranges, and bodies that nginx spools to disk.
    'for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1/missing-$i; done',
    'head -c 900000 /dev/zero | curl -s -o /dev/null --data-binary @- http://127.0.0.1/upload',
    'for i in $(seq 20); do curl -fs -o /dev/null -r 0-99 http://127.0.0.1/; done',
  ],
  operate: [
    'nginx -t && nginx -s reload',
    'logrotate -f /etc/logrotate.conf && kill -USR1 $(cat /run/nginx.pid)',
    requests(300, 'http://127.0.0.1/'),
    'logrotate -f /etc/logrotate.conf',
  ],
};
