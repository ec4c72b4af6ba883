import { type CorpusService, check, dockerfileOf } from '../service.ts';

const ENTRYPOINT = `#!/bin/bash
# Makes the cluster at the first start.
set -euo pipefail
export PATH=$PATH:/usr/lib/postgresql/15/bin
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  runuser -u postgres -- bash -c 'initdb --auth-host=scram-sha-256 --auth-local=trust --pwfile=<(echo secret) >/dev/null'
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"
`;

/** With its data on the root filesystem. */
export const postgresql: CorpusService = {
  name: 'postgresql',
  dockerfile: dockerfileOf({
    packages: 'postgresql',
    steps: ['ENV PGDATA=/var/lib/postgresql/data LANG=C.UTF-8', 'STOPSIGNAL SIGINT'],
    ports: ['5432'],
    entrypoint: ENTRYPOINT,
    command: ['postgres', '-c', 'listen_addresses=*'],
  }),
  async use({ client, again }) {
    const sql = (statements: string) =>
      client(
        `PGPASSWORD=secret psql -h 127.0.0.1 -U postgres -q -A -t -v ON_ERROR_STOP=1 -c "${statements}"`,
      );
    if (again) check((await sql('select count(*) from orders')) === '20000', 'the orders are gone');
    await sql(
      'drop table if exists orders; create table orders as select generate_series(1,20000) n, md5(random()::text) x',
    );
    // Sorts that spill into temporary files.
    await sql(
      "set work_mem = '64kB'; select count(*) from (select * from orders a join orders b using (x) order by a.n) s",
    );
    await sql('checkpoint');
  },
};
