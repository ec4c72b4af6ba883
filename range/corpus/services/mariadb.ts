import { type CorpusService, check, dockerfileOf } from '../service.ts';

const ENTRYPOINT = `#!/bin/sh
# Makes the database and its user at the first start.
set -eu
install -d -o mysql -g mysql /run/mysqld
if [ ! -d /var/lib/mysql/mysql ]; then
  chown mysql:mysql /var/lib/mysql
  mariadb-install-db --user=mysql --skip-test-db >/dev/null
  mariadbd --user=mysql --bootstrap <<END
FLUSH PRIVILEGES;
CREATE DATABASE shop;
CREATE USER shop@'%' IDENTIFIED BY 'secret';
GRANT ALL ON shop.* TO shop@'%';
END
fi
exec "$@"
`;

const packages = 'mariadb-server';
const SERVER = ['mariadbd', '--user=mysql', '--bind-address=0.0.0.0', '--innodb-buffer-pool-size=32M'];
const EMPTY = 'RUN rm -rf /var/lib/mysql/*';

/** With its data on the root filesystem. */
export const mariadb: CorpusService = {
  name: 'mariadb',
  dockerfile: dockerfileOf({
    packages,
    steps: [EMPTY],
    ports: ['3306'],
    entrypoint: ENTRYPOINT,
    command: SERVER,
  }),
  async use({ client, again }) {
    const sql = (statements: string) =>
      client(`mariadb -h 127.0.0.1 -u shop -psecret -N shop -e "${statements}"`);
    if (again) check((await sql('select count(*) from orders')) === '5000', 'the orders are gone');
    await sql(
      'create or replace table orders (n int primary key, x varchar(64)) select seq n, md5(seq) x from seq_1_to_5000',
    );
    // Joins that spill into temporary files.
    await sql(
      'set tmp_memory_table_size=1024; select count(*) from (select a.x from orders a join orders b using (x) group by a.x order by a.n) s',
    );
  },
};

/** As a database that another service uses: with its data in a volume. */
export const mariadbInVolume: CorpusService = {
  ...mariadb,
  name: 'mariadb-volume',
  dockerfile: `${mariadb.dockerfile}VOLUME /var/lib/mysql\n`,
};
