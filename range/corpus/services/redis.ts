import { type CorpusService, check, dockerfileOf } from '../service.ts';

/** Debian's configuration: log, pid file and snapshots. */
export const redis: CorpusService = {
  name: 'redis',
  dockerfile: dockerfileOf({
    packages: 'redis-server',
    ports: ['6379'],
    command: [
      ...['redis-server', '/etc/redis/redis.conf', '--daemonize', 'no'],
      ...['--bind', '0.0.0.0', '--protected-mode', 'no'],
    ],
  }),
  async use({ client, again }) {
    if (again) check((await client('redis-cli get marker')) === 'kept', 'the key is gone');
    check((await client('redis-cli set marker kept && redis-cli save')) === 'OK\nOK', 'it does not save');
    await client('redis-benchmark -q -n 2000 -t set,get,lpush >/dev/null');
  },
};
