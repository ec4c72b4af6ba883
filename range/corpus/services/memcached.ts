import { type CorpusService, check, dockerfileOf } from '../service.ts';

export const memcached: CorpusService = {
  name: 'memcached',
  dockerfile: dockerfileOf({
    packages: 'memcached',
    ports: ['11211'],
    command: ['memcached', '-u', 'memcache', '-m', '64'],
  }),
  async use({ client }) {
    const said = await client(
      'cd /tmp && seq 1000 > numbers && memccp --servers=127.0.0.1 numbers && memccat --servers=127.0.0.1 numbers | grep -x 1000 && memcstat --servers=127.0.0.1',
    );
    check(said.startsWith('1000\n') && said.includes('cmd_set: 1'), `it answered otherwise: ${said}`);
  },
};
