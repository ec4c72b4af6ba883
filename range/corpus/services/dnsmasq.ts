import { type CorpusService, check, dockerfileOf } from '../service.ts';

export const dnsmasq: CorpusService = {
  name: 'dnsmasq',
  dockerfile: dockerfileOf({
    packages: 'dnsmasq',
    steps: ['RUN echo address=/shop.example/10.1.2.3 >> /etc/dnsmasq.conf'],
    ports: ['53/udp', '53/tcp'],
    command: ['dnsmasq', '-k', '--log-facility=-'],
  }),
  async use({ client }) {
    const said = await client(
      'dig +short +time=2 @127.0.0.1 www.shop.example && dig +tcp +short +time=2 @127.0.0.1 shop.example',
    );
    check(said === '10.1.2.3\n10.1.2.3', `it answered otherwise: ${said}`);
  },
};
