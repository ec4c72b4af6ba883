import { type Service, withPackages } from './service.ts';

const psql = (options: string) => `runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 ${options}`;

export const postgresql: Service = {
  name: 'postgresql',
  dockerfile: withPackages('postgresql logrotate'),
  command: [
    'sh',
    '-c',
    'pg_ctlcluster 15 main start && trap "pg_ctlcluster 15 main stop -m fast; exit" TERM; while :; do sleep 1; done',
  ],
  ready: psql('-c "select 1" >/dev/null'),
  load: [
    'runuser -u postgres -- createdb shop && runuser -u postgres -- pgbench -q -i -s 2 shop',
    'runuser -u postgres -- pgbench -T 4 -c 4 shop >/dev/null',
    psql(`shop -c "create table t as select generate_series(1,50000) n, md5(random()::text) x" \\
         -c "create index on t (x)" -c "delete from t where n % 3 = 0" -c "vacuum full t" -c checkpoint`),
    // Sorts and hashes that spill into temporary files.
    psql(
      `shop -c "set work_mem = '64kB'; select count(*) from (select * from t a join t b using (x) order by a.n) s" >/dev/null`,
    ),
    // Libraries of the image, loaded at run time: a procedural language and an extension.
    psql(
      `shop -c "do language plpgsql 'begin perform 1; end'" -c "create extension pg_trgm" -c "select show_trgm('word')" >/dev/null`,
    ),
    'runuser -u postgres -- dropdb shop',
  ],
  operate: [
    'runuser -u postgres -- pg_dumpall -f /var/lib/postgresql/all.sql && rm /var/lib/postgresql/all.sql',
    `pg_ctlcluster 15 main reload && ${psql('-c "select pg_switch_wal()" >/dev/null')}`,
    'logrotate -f /etc/logrotate.conf',
  ],
};
