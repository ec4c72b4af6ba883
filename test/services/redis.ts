import { type Service, withPackages } from './service.ts';

export const redis: Service = {
  name: 'redis',
  dockerfile: withPackages('redis-server logrotate'),
  command: [
    'sh',
    '-c',
    'exec runuser -u redis -- redis-server /etc/redis/redis.conf --daemonize no --supervised no',
  ],
  ready: 'redis-cli ping | grep -q PONG',
  load: [
    'redis-benchmark -q -n 20000 -t set,get,incr,lpush,rpop,sadd,hset,zadd >/dev/null',
    'for i in $(seq 100); do redis-cli set user:$i "$(date)" ex 3600 | grep -q OK; done',
    // A script of a client's, which the server compiles and runs.
    `redis-cli eval "return redis.call('incr', KEYS[1])" 1 counter >/dev/null`,
  ],
  operate: [
    'redis-cli save | grep -q OK',
    'redis-cli config set appendonly yes && sleep 1 && redis-cli bgrewriteaof && sleep 1',
    'redis-cli bgsave; sleep 1; redis-cli flushdb; redis-cli save | grep -q OK',
    'logrotate -f /etc/logrotate.conf',
  ],
};
