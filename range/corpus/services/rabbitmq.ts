import { file } from '../../images/dockerfile.ts';
import { type CorpusService, check, dockerfileOf } from '../service.ts';

/** Messages on disk, below the name of its host. */
export const rabbitmq: CorpusService = {
  name: 'rabbitmq',
  dockerfile: dockerfileOf({
    packages: 'rabbitmq-server',
    steps: [file('/etc/rabbitmq/rabbitmq.conf', 'loopback_users = none\n')],
    ports: ['5672'],
    // Debian's wrapper, as a container's first process, would not be stopped by a signal.
    command: [
      ...['runuser', '-u', 'rabbitmq', '--', 'env', 'HOME=/var/lib/rabbitmq'],
      '/usr/lib/rabbitmq/bin/rabbitmq-server',
    ],
  }),
  options: ['--hostname', 'queue'],
  async use({ client, again }) {
    if (again) check((await client('amqp-get -q lasting')) === 'kept', 'the message is gone');
    await client('amqp-declare-queue -q lasting -d && amqp-publish -r lasting -p -b kept');
    await client(
      'seq 500 | amqp-publish -l -r lasting -p && amqp-get -q lasting && amqp-publish -r lasting -p -b kept && amqp-consume -q lasting -c 500 -- cat >/dev/null',
    );
  },
};
