/** Containers of every kind that the Engine API can store, to be re-created and compared. */

export interface FidelityCase {
  readonly name: string;
  /** Options of `docker run`. */
  readonly options?: readonly string[];
  readonly image?: string;
  readonly command?: readonly string[];
  /** Networks that it is connected to once it is there, with options of `docker network connect`. */
  readonly connect?: readonly (readonly string[])[];
  /** A body for `POST /containers/create` instead, for what no option of the command line can say. */
  readonly body?: object;
  /** Never started: this machine lacks what it asks for (a GPU, the right to raise limits). */
  readonly createOnly?: boolean;
}

/** What the cases find on the engine; names. */
export interface Surroundings {
  readonly image: string;
  /** Made by `docker commit`, with an instruction of every kind. */
  readonly richImage: string;
  readonly network: string;
  readonly networkId: string;
  /** Has IPv6 too. */
  readonly second: string;
  /** First three bytes of the addresses of `network`, first three groups of those of `second`. */
  readonly subnet: string;
  readonly subnet6: string;
  /** A running container on the default bridge and on `network`, its IPC shareable, and its id. */
  readonly peer: string;
  readonly peerId: string;
  /** A container with volumes. */
  readonly source: string;
  readonly volume: string;
  /** A folder of this machine. */
  readonly folder: string;
  /** The first of a hundred free ports. */
  readonly port: number;
}

const SLEEP = ['sleep', '1000'] as const;
const run = (name: string, ...options: string[]): FidelityCase => ({ name, options });
const made = (name: string, ...options: string[]): FidelityCase => ({ name, options, createOnly: true });

/** Newer command lines refuse to ask older engines for an address of this kind; the API takes it. */
const mac = (name: string, image: string, network: string, address: string): FidelityCase => ({
  name,
  body: { Image: image, Cmd: SLEEP, MacAddress: address, HostConfig: { NetworkMode: network } },
});

/** Options that go together with any other of these: the words of random combinations. */
export const COMBINABLE: readonly (readonly string[])[] = [
  ['-e', 'A=b c'],
  ['-e', 'QUOTES="\'$HOME`id`'],
  ['--hostname', 'known'],
  ['--domainname', 'example.test'],
  ['--user', '1000:1000'],
  ['--group-add', '7'],
  ['--workdir', '/tmp'],
  ['--label', 'a.b=c=d'],
  ['--label', 'empty='],
  ['--restart', 'unless-stopped'],
  ['--stop-signal', 'SIGUSR1'],
  ['--stop-timeout', '3'],
  ['--init'],
  ['--tty'],
  ['--interactive'],
  ['--read-only'],
  ['--tmpfs', '/scratch:size=1m,mode=700'],
  ['--shm-size', '2m'],
  ['--cap-drop', 'MKNOD'],
  ['--cap-add', 'NET_ADMIN'],
  ['--security-opt', 'no-new-privileges'],
  ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=80'],
  ['--ulimit', 'nofile=100:200'],
  ['--memory', '64m'],
  ['--pids-limit', '50'],
  ['--cpu-shares', '100'],
  ['--oom-score-adj', '300'],
  ['--dns', '192.0.2.53'],
  ['--dns-search', 'example.test'],
  ['--add-host', 'db:192.0.2.1'],
  ['--health-cmd', 'true', '--health-interval', '1s'],
  ['--log-opt', 'max-size=1m'],
  ['--device', '/dev/null:/dev/nothing:r'],
  ['-v', '/anonymous'],
  ['--mount', 'type=volume,dst=/nameless'],
  ['--mount', 'type=tmpfs,dst=/memory,tmpfs-size=65536,tmpfs-mode=0700'],
  ['-v', '/usr/share:/bound:ro'],
  ['-p', '127.0.0.1::80'],
  ['--expose', '81-83'],
  ['--network-alias', 'front'],
];

/** Every trap that is known, and every group of options. */
export function handMadeCases(on: Surroundings): FidelityCase[] {
  const { network, second, peer, source, volume, folder, subnet, subnet6, image } = on;
  const user = ['--network', network];
  const bridge = ['--network', 'bridge'];
  return [
    ...process(on),
    ...limits(),
    ...mounts(on),
    run('static address', ...user, '--ip', `${subnet}.70`),
    run('static v6 address', '--network', second, '--ip6', `${subnet6}::70`),
    mac('mac on the bridge', image, 'bridge', '02:42:ac:11:ff:01'),
    mac('mac on a user network', image, network, '02:42:ac:11:ff:02'),
    run('aliases', ...user, '--network-alias', 'one', '--network-alias', 'two'),
    { ...run('two networks', ...user), connect: [['--alias', 'back', second]] },
    {
      ...run('two networks, static', ...user, '--ip', `${subnet}.71`),
      connect: [['--ip6', `${subnet6}::71`, '--alias', 'b', second]],
    },
    { ...run('bridge and a user network', ...bridge), connect: [[network]] },
    run('legacy link', '--link', `${peer}:db`),
    run('link on a user network', ...user, '--link', `${peer}:db`),
    run('link by id', ...user, '--link', `${on.peerId.slice(0, 12)}:db`),
    run('network of another', '--network', `container:${peer}`),
    {
      ...run('network of another, ports exposed', '--network', `container:${peer}`),
      image: on.richImage,
      command: [],
    },
    run('host network', '--network', 'host'),
    run('host network, hostname', '--network', 'host', '--hostname', 'mine'),
    run('no network', '--network', 'none'),
    run('fixed port', ...bridge, '-p', `127.0.0.1:${on.port}:80`),
    run('ports of a range', ...bridge, '-p', `127.0.0.1:${on.port + 1}-${on.port + 5}:80`),
    run('chosen port', ...bridge, '-p', '80', '-p', '127.0.0.1::81/udp'),
    run('chosen twice', ...bridge, '-p', '127.0.0.1::80', '-p', '127.0.0.1::80'),
    run('port of each address', ...bridge, '-p', `127.0.0.1:${on.port + 6}:80`, '-p', '127.0.0.2::80'),
    run('all exposed ports', ...bridge, '-P', '--expose', '80', '--expose', '81/udp'),
    run('volumes of another', '--volumes-from', `${source}:ro`),
    run('volumes of another, one its own', '--volumes-from', source, '-v', '/lent'),
    run('--rm', '--rm', '-v', '/anonymous'),
    run('ipc shared', '--ipc', 'shareable'),
    run('ipc of another', '--ipc', `container:${peer}`),
    run('processes of another', '--pid', `container:${peer}`),
    run('ipc, processes and names of the host', '--ipc', 'host', '--pid', 'host', '--uts', 'host'),
    {
      name: 'network by its id',
      body: { Image: image, Cmd: SLEEP, HostConfig: { NetworkMode: on.networkId } },
    },
    {
      name: 'network of another, by name',
      body: { Image: image, Cmd: SLEEP, HostConfig: { NetworkMode: `container:${peer}` } },
    },
    {
      name: 'bind that is a path alone',
      body: {
        Image: image,
        Cmd: SLEEP,
        HostConfig: { Binds: ['/alone', `${volume}:/named:ro`, `${folder}:/f`] },
      },
    },
    {
      name: 'paths masked otherwise',
      body: {
        Image: image,
        Cmd: SLEEP,
        HostConfig: { MaskedPaths: ['/proc/keys'], ReadonlyPaths: ['/proc/sys'], NetworkMode: 'none' },
      },
    },
    {
      name: 'entrypoint without command',
      body: { Image: on.richImage, Entrypoint: ['sleep', '1000'], NetworkDisabled: true },
    },
    {
      name: 'link-local address and driver options',
      body: {
        Image: image,
        Cmd: SLEEP,
        HostConfig: { NetworkMode: network },
        NetworkingConfig: {
          EndpointsConfig: { [network]: { Aliases: ['x'], DriverOpts: { 'a.b': 'c' }, IPAMConfig: {} } },
        },
      },
    },
    made('gpus', '--gpus', 'all'),
    made('gpu by id', '--gpus', '"device=0,1","capabilities=utility,compute"'),
    made('privileged', '--privileged'),
    made('privileged, label given too', '--privileged', '--security-opt', 'label=disable'),
    made('what this host may not', '--oom-score-adj', '-500', '--ulimit', 'rtprio=99', '--cap-add', 'ALL'),
    made('block devices', '--device-read-bps', '/dev/null:1mb', '--device-write-iops', '/dev/null:10'),
    made('log elsewhere', '--log-driver', 'syslog', '--log-opt', 'syslog-address=udp://192.0.2.1:514'),
    made('user namespace of the host', '--userns', 'host', '--runtime', 'runc'),
  ];
}

function process({ image, richImage, network }: Surroundings): FidelityCase[] {
  const rich = (name: string, ...options: string[]) => ({
    ...run(name, ...options),
    image: richImage,
    command: ['1000'],
  });
  return [
    run('nothing'),
    run('odd environment', '-e', 'A=a b"c\'', '-e', 'EMPTY=', '-e', 'LINES=a\nb\tc', '-e', 'U=ü=$X`id`'),
    run('user and groups', '--user', '1000:1000', '--group-add', '4', '--group-add', '5', '-w', '/tmp'),
    run('hostname', '--hostname', 'known', '--domainname', 'example.test', '--network', network),
    { ...run('emptied entrypoint', '--entrypoint', ''), image: richImage, command: SLEEP },
    { ...run('own entrypoint', '--entrypoint', '/bin/sh'), image: richImage, command: ['-c', 'sleep 1000'] },
    { ...rich('all from the image'), command: [] },
    { ...rich('arguments for the image'), command: ['1001'] },
    rich('no health check', '--no-healthcheck', '--stop-signal', 'SIGINT'),
    rich('label of the image overridden', '--label', 'of.image=mine', '-e', 'OF_IMAGE=mine'),
    run(
      'health check',
      ...['--health-cmd', 'test -e /bin/sh', '--health-interval', '2s', '--health-timeout', '3s'],
      ...['--health-retries', '4', '--health-start-period', '5s'],
    ),
    run('restart always', '--restart', 'always'),
    run('restart on failure', '--restart', 'on-failure:3'),
    run('restart unless stopped', '--restart', 'unless-stopped'),
    run('no log', '--log-driver', 'none'),
    run('local log', '--log-driver', 'local', '--log-opt', 'max-size=1m', '--log-opt', 'max-file=2'),
    run('labelled log', '--log-opt', 'labels=a,b', '--log-opt', 'tag={{.Name}}', '--label', 'a=1'),
    run('terminal', '-t', '-i'),
    {
      name: 'attached',
      body: {
        Image: image,
        Cmd: SLEEP,
        AttachStdin: true,
        AttachStderr: true,
        OpenStdin: true,
        StdinOnce: true,
      },
    },
    run('init', '--init', '--stop-signal', 'SIGQUIT', '--stop-timeout', '30'),
    run('labels', '--label', 'com.docker.compose.project=p', '--label', 'x="y"', '--label', 'none='),
    run('names', '--dns', '192.0.2.53', '--dns-search', 'a.test', '--dns-option', 'ndots:3'),
    run('hosts', '--add-host', 'a:192.0.2.1', '--add-host', 'h:host-gateway', '--network', 'bridge'),
    run('capabilities', '--cap-drop', 'ALL', '--cap-add', 'CHOWN', '--cap-add', 'CAP_KILL'),
    run('no new privileges', '--security-opt', 'no-new-privileges:true'),
    run('no seccomp', '--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'),
    run('nothing masked', '--security-opt', 'systempaths=unconfined', '--security-opt', 'label=disable'),
    run('read-only', '--read-only', '--tmpfs', '/tmp:size=1m,mode=1777', '--tmpfs', '/run:exec'),
  ];
}

function limits(): FidelityCase[] {
  return [
    run('cpus', '--cpus', '0.5', '--cpuset-cpus', '0', '--cpuset-mems', '0'),
    run('cpu quota', '--cpu-period', '50000', '--cpu-quota', '20000', '--cpu-shares', '300'),
    run('memory', '-m', '64m', '--memory-swap', '128m', '--memory-reservation', '32m'),
    run('swappiness', '-m', '64m', '--memory-swap', '-1', '--memory-swappiness', '10'),
    run('no out-of-memory kill', '-m', '64m', '--oom-kill-disable', '--oom-score-adj', '500'),
    run('processes', '--pids-limit', '33'),
    run('unlimited processes', '--pids-limit', '-1'),
    run('block weight', '--blkio-weight', '300'),
    run('ulimits', '--ulimit', 'nofile=100:200', '--ulimit', 'core=0', '--ulimit', 'nproc=500'),
    run('sysctls', '--sysctl', 'net.core.somaxconn=100', '--sysctl', 'kernel.shmmax=65536'),
    run('cgroup parent', '--cgroup-parent', '/pristine-test-parent'),
    run('cgroups of the host', '--cgroupns', 'host'),
    run('cgroups of its own', '--cgroupns', 'private'),
    run('devices', '--device', '/dev/null:/dev/nothing:r', '--device-cgroup-rule', 'c 1:3 mr'),
    run('shared memory', '--shm-size', '3m'),
  ];
}

function mounts({ volume, folder, richImage }: Surroundings): FidelityCase[] {
  const secret = `${folder}/secret`;
  return [
    run('anonymous volume', '-v', '/anonymous', '-v', '/slash/'),
    { ...run('volumes of the image'), image: richImage, command: [] },
    { ...run('a tmpfs over one', '--tmpfs', '/data'), image: richImage, command: [] },
    run('named volume', '-v', `${volume}:/named`, '-v', `${volume}:/again:ro`),
    run('nameless mount', '--mount', 'type=volume,dst=/nameless,volume-nocopy,volume-label=a=b'),
    run('nameless mount of a driver', '--mount', 'type=volume,dst=/nameless,volume-driver=local'),
    run('named mount', '--mount', `type=volume,src=${volume},dst=/named,volume-nocopy`),
    run('bind', '-v', `${folder}:/bound`, '-v', `${secret}:/run/secrets/one:ro`),
    run('bind mount', '--mount', `type=bind,src=${folder},dst=/bound,readonly,bind-propagation=private`),
    run('bind, not recursive', '--mount', `type=bind,src=${folder},dst=/bound,bind-nonrecursive`),
    run('bind, relabelled', '-v', `${folder}:/bound:z,rprivate`),
    run('tmpfs mount', '--mount', 'type=tmpfs,dst=/memory,tmpfs-size=65536,tmpfs-mode=0700'),
    run(
      'mounts in mounts',
      '-v',
      `${volume}:/a`,
      '--tmpfs',
      '/a/b',
      '-v',
      '/a/b/c',
      '-v',
      `${folder}:/a/d:ro`,
    ),
    run('volume driver', '--volume-driver', 'local', '-v', `${volume}:/named`),
  ];
}
