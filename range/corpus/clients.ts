import { type EnsuredImage, ensureServiceImage, type ImageOptions } from '../images/build.ts';
import { withPackages } from '../images/dockerfile.ts';

/** The image with the clients of all services. */
export function ensureClients(options: ImageOptions): Promise<EnsuredImage> {
  const packages =
    'curl redis-tools mosquitto-clients postgresql-client mariadb-client dnsutils amqp-tools libmemcached-tools';
  return ensureServiceImage({ name: 'corpus-clients', dockerfile: withPackages(packages) }, options);
}
