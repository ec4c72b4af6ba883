/**
 * Services that were not built for Pristine, from Debian's packages, with their data on the root filesystem (the
 * worst case: no volume hides it). An hour of ordinary use, replayed in minutes, must give no finding.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureServiceImage } from '../range/index.ts';
import { docker, startContainer, type TestContainer } from './support/engine.ts';
import { RunningGuard, temporaryState } from './support/guard.ts';

interface Service {
  readonly name: string;
  readonly packages: string;
  readonly command: readonly string[];
  /** Succeeds once the service answers. */
  readonly ready: string;
  /** What users and operators do with it in an hour; run in the container. */
  readonly use: readonly string[];
}

const SERVICES: Service[] = [
  {
    name: 'nginx',
    packages: 'nginx-light curl logrotate procps',
    command: ['nginx', '-g', 'daemon off;'],
    ready: 'curl -fsS -o /dev/null http://127.0.0.1/',
    use: [
      // Pages, missing pages, ranges, and bodies that nginx spools to disk.
      'for i in $(seq 400); do curl -s -o /dev/null http://127.0.0.1/ http://127.0.0.1/missing-$i; done',
      'head -c 900000 /dev/zero | curl -s -o /dev/null --data-binary @- http://127.0.0.1/upload',
      'for i in $(seq 20); do curl -s -o /dev/null -r 0-99 http://127.0.0.1/; done',
      'nginx -t && nginx -s reload',
      'logrotate -f /etc/logrotate.conf && kill -USR1 $(cat /run/nginx.pid)',
      'for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1/; done',
      'logrotate -f /etc/logrotate.conf',
    ],
  },
  {
    name: 'redis',
    packages: 'redis-server logrotate',
    command: [
      'sh',
      '-c',
      'exec runuser -u redis -- redis-server /etc/redis/redis.conf --daemonize no --supervised no',
    ],
    ready: 'redis-cli ping | grep -q PONG',
    use: [
      'redis-benchmark -q -n 20000 -t set,get,incr,lpush,rpop,sadd,hset,zadd >/dev/null',
      'for i in $(seq 300); do redis-cli set user:$i "$(date)" ex 3600 >/dev/null; done',
      'redis-cli save',
      'redis-cli config set appendonly yes && sleep 1 && redis-cli bgrewriteaof && sleep 2',
      'redis-cli bgsave; sleep 1; redis-cli flushdb; redis-cli save',
      'logrotate -f /etc/logrotate.conf',
    ],
  },
  {
    name: 'postgresql',
    packages: 'postgresql logrotate',
    command: [
      'sh',
      '-c',
      'pg_ctlcluster 15 main start && trap "pg_ctlcluster 15 main stop -m fast; exit" TERM; while :; do sleep 1; done',
    ],
    ready: 'runuser -u postgres -- psql -qc "select 1" >/dev/null',
    use: [
      'runuser -u postgres -- createdb shop && runuser -u postgres -- pgbench -q -i -s 5 shop',
      'runuser -u postgres -- pgbench -T 20 -c 4 shop >/dev/null',
      `runuser -u postgres -- psql -q shop -c "create table t as select generate_series(1,50000) n, md5(random()::text) x" \\
         -c "create index on t (x)" -c "delete from t where n % 3 = 0" -c "vacuum full t" -c checkpoint`,
      // Sorts and hashes that spill into temporary files.
      `runuser -u postgres -- psql -q shop -c "set work_mem = '64kB'; select count(*) from (select * from t a join t b using (x) order by a.n) s" >/dev/null`,
      'runuser -u postgres -- pg_dump shop -f /var/lib/postgresql/shop.sql && rm /var/lib/postgresql/shop.sql',
      'pg_ctlcluster 15 main reload && runuser -u postgres -- psql -q -c "select pg_switch_wal()" >/dev/null',
      'runuser -u postgres -- dropdb shop; logrotate -f /etc/logrotate.conf',
    ],
  },
];

const images = new Map<string, string>();

beforeAll(async () => {
  for (const { name, packages } of SERVICES) {
    const dockerfile = `FROM debian:bookworm-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*
`;
    images.set(name, (await ensureServiceImage({ name, dockerfile })).reference);
  }
}, 600_000);

async function untilReady(container: TestContainer, check: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await container.sh(check);
      return;
    } catch (error) {
      if (attempt > 120) throw error;
      await sleep(500);
    }
  }
}

describe.each(SERVICES)('ordinary use of $name', ({ name, command, ready, use }) => {
  test('gives no finding', async () => {
    using state = temporaryState();
    await using container = await startContainer({
      image: images.get(name) ?? '',
      options: ['--network', 'bridge'],
      command,
    });
    await untilReady(container, ready);
    await using guard = new RunningGuard(state.path, [container.name, '--mode', 'heal']);
    await guard.waitFor('ready');
    for (const step of use) await container.sh(step);
    await docker('restart', '-t', '30', container.id);
    await untilReady(container, ready);
    for (const step of use.slice(0, 2)) await container.sh(step);
    await sleep(3000);

    const findings = guard.events.flatMap((event) =>
      event.type === 'finding' ? [`${event.finding.rule}: ${event.finding.path}`] : [],
    );
    expect(findings).toEqual([]);
    const changes = guard.events.filter((event) => event.type === 'change');
    expect(changes.length).toBeGreaterThan(5);
    // The guard was watching all the while: an attack at the end is found.
    await container.sh('cp /bin/true /usr/local/bin/dropped');
    await guard.waitFor('finding', ({ finding }) => finding.path === '/usr/local/bin/dropped');
  });
});
