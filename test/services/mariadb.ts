import { type Service, withPackages } from './service.ts';

export const mariadb: Service = {
  name: 'mariadb',
  dockerfile: withPackages('mariadb-server logrotate', 'RUN install -d -o mysql -g adm /var/log/mysql'),
  command: [
    'sh',
    '-c',
    'install -d -o mysql -g mysql /run/mysqld && exec runuser -u mysql -- mariadbd --general-log --general-log-file=/var/log/mysql/general.log --log-error=/var/log/mysql/error.log',
  ],
  ready: 'mariadb-admin ping | grep -q alive',
  load: [
    'mariadb-slap --auto-generate-sql --auto-generate-sql-load-type=mixed --concurrency=4 --number-of-queries=2000 >/dev/null',
    // Joins that spill, and a file of the server's own read back.
    `mariadb -e "create or replace database shop; use shop; create table t (n int, x varchar(64)) select seq n, md5(seq) x from seq_1_to_50000; alter table t add index (x); set tmp_memory_table_size=1024; select count(*) from (select a.x from t a join t b using (x) group by a.x order by a.n) s" >/dev/null`,
    `rm -f /var/lib/mysql/shop.txt; mariadb shop -e "select * from t into outfile '/var/lib/mysql/shop.txt'; load data infile '/var/lib/mysql/shop.txt' into table t"`,
  ],
  operate: [
    // A library of the image, loaded at run time.
    `mariadb -e "install soname 'simple_password_check'; uninstall soname 'simple_password_check'"`,
    // Not by `<`: to the kernel, a shell that redirects looks like one that runs a script.
    'mariadb-dump --all-databases > /var/lib/mysql/all.sql && mariadb -e "source /var/lib/mysql/all.sql" && rm /var/lib/mysql/all.sql',
    'mariadb-check --silent --all-databases',
    'logrotate -f /etc/logrotate.conf && mariadb-admin flush-logs',
  ],
};
