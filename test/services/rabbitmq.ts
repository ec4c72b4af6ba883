import { type Service, withPackages } from './service.ts';

/** Erlang: code is generated for the processor at run time, and modules are loaded as they are called for. */
export const rabbitmq: Service = {
  name: 'rabbitmq',
  dockerfile: withPackages('rabbitmq-server amqp-tools logrotate'),
  // Debian's wrapper, as a container's first process, would not be stopped by a signal.
  command: [
    ...['runuser', '-u', 'rabbitmq', '--', 'env', 'HOME=/var/lib/rabbitmq'],
    '/usr/lib/rabbitmq/bin/rabbitmq-server',
  ],
  ready: 'amqp-declare-queue -q work >/dev/null',
  load: [
    'amqp-declare-queue -q lasting -d >/dev/null',
    'seq 2000 | amqp-publish -l -r lasting -p',
    // Each message is handed to a program.
    'amqp-consume -q lasting -c 100 -- cat >/dev/null',
    'for i in $(seq 50); do head -c 20000 /dev/urandom | amqp-publish -r lasting -p; done',
    'amqp-consume -q lasting -c 1000 -- cat >/dev/null',
  ],
  operate: [
    'rabbitmqctl -q list_queues >/dev/null',
    // Modules that were not loaded so far.
    'rabbitmq-plugins -q enable rabbitmq_stomp >/dev/null',
    'logrotate -f /etc/logrotate.conf',
  ],
};
