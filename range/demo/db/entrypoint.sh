#!/bin/bash
# Initialises the data directory at the first start, from MYSQL_ROOT_PASSWORD, and becomes the server.
set -euo pipefail

if [ ! -d /var/lib/mysql/mysql ]; then
  : "${MYSQL_ROOT_PASSWORD:?must be set for the first start}"
  quoted=${MYSQL_ROOT_PASSWORD//\\/\\\\}
  quoted=${quoted//\'/\\\'}
  chown mysql:mysql /var/lib/mysql
  mariadb-install-db --user=mysql --skip-test-db --auth-root-authentication-method=normal >/dev/null
  # The server runs these statements without listening; the password is on no disk but in the database.
  {
    echo "FLUSH PRIVILEGES;"
    echo "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
    echo "FLUSH PRIVILEGES;"
    echo "ALTER USER root@localhost IDENTIFIED BY '$quoted';"
    echo "CREATE USER root@'%' IDENTIFIED BY '$quoted';"
    echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
    echo "CREATE USER health@localhost;" # may do nothing but say that it is there
    cat /usr/local/share/guests.sql
  } | mariadbd --user=mysql --bootstrap
fi

exec "$@"
