import { file } from '../../images/dockerfile.ts';
import { type CorpusService, check, dockerfileOf } from '../service.ts';

/** Debian's configuration: log, pid file, and retained messages in its store. */
export const mosquitto: CorpusService = {
  name: 'mosquitto',
  dockerfile: dockerfileOf({
    packages: 'mosquitto',
    steps: [
      file('/etc/mosquitto/conf.d/open.conf', 'listener 1883\nallow_anonymous true\n'),
      'RUN install -d -o mosquitto -g mosquitto /run/mosquitto /var/log/mosquitto /var/lib/mosquitto',
    ],
    ports: ['1883'],
    command: ['mosquitto', '-c', '/etc/mosquitto/mosquitto.conf'],
  }),
  async use({ client, again }) {
    const hear = 'mosquitto_sub -t marker -C 1 -W 5 || true';
    if (again) check((await client(hear)) === 'kept', 'the retained message is gone');
    check(
      (await client(`mosquitto_pub -q 1 -r -t marker -m kept && ${hear}`)) === 'kept',
      'nothing is retained',
    );
  },
};
