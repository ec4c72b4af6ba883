/** A script is read by a shell, or by a tool that runs what it reads. */
import type { Attack } from '../attack.ts';

const SCRIPT = 'Interpreters are refused scripts that the image does not hold.';
const NO_SCRIPT = 'The code is on a command line or in a pipe, and in no file that an interpreter opens.';

function script(id: string, title: string, run: string, more: Partial<Attack> = {}): Attack {
  return {
    id,
    title,
    technique: 'T1059.004',
    where: 'default',
    expected: 'denied',
    why: SCRIPT,
    run,
    ...more,
  };
}
const inline = (id: string, title: string, run: string, more: Partial<Attack> = {}) =>
  script(id, title, run, { expected: 'not-covered', why: NO_SCRIPT, ...more });

/** A script in $W/x. */
const X = 'text shell $W/x;';

export const SHELLS: Attack[] = [
  script(
    'shebang',
    'a script with a first line, executed',
    '{ echo "#!/bin/sh"; printenv shell; } > $W/x; chmod 755 $W/x; $W/x',
    {
      why: 'A script that is executed is refused as any program is.',
    },
  ),
  script(
    'shebang-program',
    'a script whose interpreter is dropped',
    'put program $W/i; echo "#!$W/i" > $W/x; chmod 755 $W/x; $W/x',
  ),
  script('no-shebang', 'a script without a first line, executed by a shell', `${X} $W/x`),
  script('sh', 'sh FILE', `${X} sh $W/x`),
  script('sh-www-data', 'sh FILE, by the web server’s user', `${X} sh $W/x`, { user: 'www-data' }),
  script(
    'sh-shm',
    'sh FILE in /dev/shm',
    'text shell /dev/shm/attack-sh-shm-$N; sh /dev/shm/attack-sh-shm-$N',
  ),
  script('bash', 'bash FILE', `${X} bash $W/x`),
  script('busybox-sh', 'busybox sh FILE', `${X} busybox sh $W/x`),
  script('sh-stdin', 'sh < FILE', `${X} sh < $W/x`),
  script('dot', '. FILE', `${X} . $W/x`),
  script('sh-descriptor', 'sh /dev/fd/N', `${X} exec 9<$W/x; sh /dev/fd/9`),
  script(
    'sh-unlinked',
    'sh /proc/self/fd/N, its file unlinked',
    `${X} exec 9<$W/x; rm $W/x; sh /proc/self/fd/9`,
  ),
  script('bash-rcfile', 'bash --rcfile FILE', `${X} bash --rcfile $W/x -i -c :`, { technique: 'T1546.004' }),
  script('bashrc', '~/.bashrc', `text shell $W/.bashrc; HOME=$W bash -i -c :`, { technique: 'T1546.004' }),
  script('bash-profile', '~/.bash_profile', `text shell $W/.bash_profile; HOME=$W bash -l -c :`, {
    technique: 'T1546.004',
  }),
  script(
    'profile-d',
    '/etc/profile.d',
    'text shell /etc/profile.d/attack.sh; bash -l -c :; rm -f /etc/profile.d/attack.sh',
    {
      technique: 'T1546.004',
    },
  ),
  script('bash-env', 'BASH_ENV', `${X} BASH_ENV=$W/x bash -c :`, { technique: 'T1546.004' }),
  script('sh-env', 'ENV of an interactive sh', `${X} ENV=$W/x sh -i -c :`, { technique: 'T1546.004' }),
  script(
    'bash-here-document-file',
    'a file named as bash’s here-documents, which the shell has open for writing',
    "printenv shell > $W/x; bash -c 'cat $W/x > /tmp/sh-thd.$N; exec 3>>/tmp/sh-thd.$N; . /tmp/sh-thd.$N'; rm -f /tmp/sh-thd.$N",
    {
      expected: 'not-covered',
      why: 'Bash keeps here-documents in such files; it is as if the file had been piped into the shell.',
    },
  ),
  script('find-sh', 'find -exec sh', `${X} find $W -name x -exec sh {} \\;`),
  script('xargs-sh', 'xargs sh', `${X} echo $W/x | xargs sh`),
  script('memfd-script', 'sh of a memory file', 'printenv shell | /opt/tools/descriptor memfd-sh $W', {
    technique: 'T1620',
    expected: 'not-covered',
    why: 'A memory file that is not executable can be had and read by anybody; no event tells of it.',
  }),
  script('awk', 'awk -f FILE', 'text awk $W/x; gawk -f $W/x', { technique: 'T1059' }),
  script('mawk', 'mawk -f FILE', 'text awk $W/x; mawk -f $W/x', { technique: 'T1059' }),
  script('sed', 'sed -f FILE (command e)', 'echo "1e $(printenv shell)" > $W/x; echo | sed -f $W/x', {
    technique: 'T1059',
  }),
  script('make', 'make -f FILE', `printf 'all:\\n\\t@sh -c "$$shell"\\n' > $W/x; make -s -f $W/x`, {
    technique: 'T1059',
  }),
  script('m4', 'm4 FILE (syscmd)', `echo "syscmd(\\\`$(printenv shell)')" > $W/x; m4 $W/x`, {
    technique: 'T1059',
    expected: 'not-covered',
    why: 'A program that runs commands out of its data and that Pristine does not know as an interpreter.',
  }),
  script('ed', 'ed < FILE (command !)', 'echo "!$(printenv shell)" > $W/x; ed -s < $W/x', {
    technique: 'T1059',
    why: 'The shell opens the file, and shells are refused it.',
  }),
  script('ed-file', 'cat FILE | ed (command !)', 'echo "!$(printenv shell)" > $W/x; cat $W/x | ed -s', {
    technique: 'T1059',
    expected: 'not-covered',
    why: 'cat reads data, and what the editor gets is a pipe.',
  }),
  script(
    'sh-volume',
    'sh FILE in a volume',
    'text shell /vol/attack-sh-volume-$N; sh /vol/attack-sh-volume-$N',
    {
      where: 'mounts',
      expected: 'not-covered',
      why: 'In volumes programs and libraries are refused by default, scripts where the policy says `volumes: deny`.',
    },
  ),
  script(
    'crontab',
    'a command in /etc/cron.d',
    'echo "* * * * * root $(printenv shell) > $W/out" > /etc/cron.d/crontab-attack; timeout 65 cron -f; cat $W/out; rm /etc/cron.d/crontab-attack',
    {
      technique: 'T1053.003',
      most: 1,
      expected: 'detected',
      why: 'A table of cron is configuration, of which the guard tells; what it names is refused when it is a file.',
    },
  ),
  inline('sh-c', 'sh -c', 'sh -c "$shell"'),
  inline('sh-pipe', 'a script in a pipe from elsewhere', 'printenv shell | sh -s'),
  inline(
    'here-document',
    'a here-document',
    `sh <<EOF
$shell
EOF`,
  ),
  inline('cat-pipe', 'cat FILE | sh', `${X} cat $W/x | sh`, {
    why: 'cat reads data, and what the shell gets is a pipe; a file that looks like a script is told of.',
  }),
  inline('eval', 'sh -c with the content of a file', `${X} sh -c "$(cat $W/x)"`, {
    why: 'cat reads data; the shell gets a command line.',
  }),
  inline(
    'awk-inline',
    'awk with its program as an argument',
    `awk "BEGIN { system(ENVIRON[\\"shell\\"]) }"`,
    { technique: 'T1059' },
  ),
  inline('find-inline', 'find -exec sh -c', `find /etc/passwd -exec sh -c "$shell" \\;`, {
    technique: 'T1059',
  }),
  inline(
    'tar-inline',
    'tar --checkpoint-action with a command',
    `tar -cf /dev/null --checkpoint=1 "--checkpoint-action=exec=$shell" /etc/passwd`,
    {
      technique: 'T1218',
    },
  ),
];
