/** Where servers keep their data when no volume is mounted, by Debian's packages and the official images. */
export const DATABASE_FOLDERS: readonly (readonly [folder: string, program: string])[] = [
  ['/var/lib/postgresql', 'PostgreSQL'],
  ['/var/lib/pgsql', 'PostgreSQL'],
  ['/var/lib/mysql', 'MariaDB or MySQL'],
  ['/var/lib/mysql-files', 'MySQL'],
  ['/var/lib/redis', 'Redis'],
  ['/var/lib/valkey', 'Valkey'],
  ['/var/lib/mongodb', 'MongoDB'],
  ['/data/db', 'MongoDB'],
  ['/data/configdb', 'MongoDB'],
  ['/var/lib/rabbitmq', 'RabbitMQ'],
  ['/var/lib/elasticsearch', 'Elasticsearch'],
  ['/usr/share/elasticsearch/data', 'Elasticsearch'],
  ['/var/lib/cassandra', 'Cassandra'],
  ['/var/lib/influxdb', 'InfluxDB'],
  ['/var/lib/grafana', 'Grafana'],
  ['/var/lib/ldap', 'OpenLDAP'],
  ['/var/lib/memcached', 'memcached'],
  ['/var/lib/couchdb', 'CouchDB'],
  ['/var/lib/clickhouse', 'ClickHouse'],
  ['/var/lib/zookeeper', 'ZooKeeper'],
];

/** Folders of caches and queues that a server's package owns. */
export const CACHE_FOLDERS: readonly (readonly [folder: string, program: string])[] = [
  ['/var/lib/nginx', 'nginx keeps request bodies and proxied answers'],
  ['/var/cache/nginx', 'nginx keeps request bodies and proxied answers'],
  ['/var/cache/apache2', 'Apache keeps its cache'],
  ['/var/lib/php/sessions', 'PHP keeps sessions'],
  ['/var/cache/fontconfig', 'fontconfig keeps its cache'],
  ['/var/cache/ldconfig', 'ldconfig keeps its cache'],
  ['/var/cache/man', 'man-db keeps its index'],
  ['/var/cache/squid', 'Squid keeps its cache'],
  ['/var/cache/varnish', 'Varnish keeps its cache'],
  ['/var/spool/postfix', 'Postfix keeps its queue'],
  ['/var/spool/exim4', 'Exim keeps its queue'],
  ['/var/spool/squid', 'Squid keeps its cache'],
];

/** Single files that services write as root. */
export const STATE_FILES: readonly string[] = [
  '/var/lib/logrotate/status',
  '/var/lib/logrotate/status.tmp',
  '/var/lib/logrotate.status',
  '/var/lib/systemd/random-seed',
  '/var/lib/dbus/machine-id',
  '/var/lib/misc/random-seed',
];
