import type { CorpusService } from '../service.ts';
import { apachePhp } from './apache-php.ts';
import { dnsmasq } from './dnsmasq.ts';
import { dovecot } from './dovecot.ts';
import { haproxy } from './haproxy.ts';
import { lighttpd } from './lighttpd.ts';
import { mariadb } from './mariadb.ts';
import { memcached } from './memcached.ts';
import { mosquitto } from './mosquitto.ts';
import { nginx } from './nginx.ts';
import { postgresql } from './postgresql.ts';
import { rabbitmq } from './rabbitmq.ts';
import { redis } from './redis.ts';
import { tomcat } from './tomcat.ts';
import { vsftpd } from './vsftpd.ts';
import { wordpress } from './wordpress.ts';

export const SERVICES: readonly CorpusService[] = [
  ...[apachePhp, nginx, lighttpd, haproxy, mariadb, postgresql, redis, memcached],
  ...[rabbitmq, mosquitto, tomcat, dnsmasq, vsftpd, dovecot, wordpress],
];
