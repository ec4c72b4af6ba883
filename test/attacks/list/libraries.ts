/** A shared library that the image does not hold gets into a program of the image. */
import type { Attack } from '../attack.ts';

const REFUSED =
  'The dynamic loader is refused files that are not from the image, and programs’ bytes are not read by anybody.';

function loaded(id: string, title: string, run: string, more: Partial<Attack> = {}): Attack {
  return {
    ...{ id, title, technique: 'T1574.006', where: 'default', expected: 'denied', why: REFUSED, run },
    ...more,
  };
}

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const byInterpreter = { technique: 'T1129' };

export const LIBRARIES: Attack[] = [
  loaded('ld-so', 'a program given to the dynamic loader', `put dynamic $W/x; ${LOADER} $W/x`, {
    technique: 'T1218',
  }),
  loaded('ld-so-static', 'a static program given to the dynamic loader', `put program $W/x; ${LOADER} $W/x`, {
    technique: 'T1218',
  }),
  loaded(
    'ld-so-shm',
    'a program in /dev/shm, which is not executable, given to the dynamic loader',
    `mount -o remount,exec /dev/shm; put dynamic /dev/shm/attack-ld-so-shm-$N; ${LOADER} /dev/shm/attack-ld-so-shm-$N`,
    {
      technique: 'T1218',
      where: 'admin',
    },
  ),
  loaded('ld-so-preload-option', 'ld.so --preload', `put library $W/x; ${LOADER} --preload $W/x /bin/true`),
  loaded('ld-preload', 'LD_PRELOAD', 'put library $W/x.so; LD_PRELOAD=$W/x.so /bin/true'),
  loaded(
    'ld-preload-picture',
    'LD_PRELOAD of a library that is named as a picture',
    'put library $W/x.jpg; chmod 644 $W/x.jpg; LD_PRELOAD=$W/x.jpg /bin/true',
    {
      technique: 'T1036.008',
    },
  ),
  loaded(
    'ld-preload-unlinked',
    'LD_PRELOAD of /proc/self/fd, its file unlinked',
    'raw library | /opt/tools/descriptor preloaded $W',
  ),
  loaded('ld-audit', 'LD_AUDIT', 'put library $W/x; LD_AUDIT=$W/x /bin/true'),
  loaded(
    'ld-library-path',
    'LD_LIBRARY_PATH with a library of the image’s name',
    'put library $W/libordinary.so; LD_LIBRARY_PATH=$W /opt/tools/uses-ordinary',
    {
      technique: 'T1574.007',
    },
  ),
  loaded(
    'run-path',
    'a library in an empty folder of the program’s run path',
    'put library /opt/plugins/libordinary.so; /opt/tools/uses-ordinary; rm /opt/plugins/libordinary.so',
  ),
  loaded(
    'ld-so-preload',
    '/etc/ld.so.preload',
    'put library $W/x.so; echo $W/x.so > /etc/ld.so.preload; /bin/true; rm -f /etc/ld.so.preload',
  ),
  loaded(
    'ld-so-cache',
    'the loader’s cache, made anew with another folder',
    'put library $W/libordinary.so.1; cp $W/libordinary.so.1 $W/libm.so.6; cp /etc/ld.so.cache /opt/cache 2>/dev/null; ldconfig $W; LD_PRELOAD=libordinary.so.1 /bin/true; put library $W/libc-x.so; ldconfig',
  ),
  loaded(
    'gconv',
    'a character set for iconv(1) (GCONV_PATH)',
    'put library $W/evil.so; echo "module EVIL// INTERNAL evil 1" > $W/gconv-modules; echo x | GCONV_PATH=$W iconv -f EVIL -t UTF-8',
  ),
  loaded(
    'nss',
    'a name service in /etc/nsswitch.conf',
    'put library /usr/lib/libnss_attack.so.2; sed "s/^passwd:.*/passwd: attack files/" /etc/nsswitch.conf > $W/n; cp /etc/nsswitch.conf $W/o; cat $W/n > /etc/nsswitch.conf; getent passwd nobody-$N; cat $W/o > /etc/nsswitch.conf; rm /usr/lib/libnss_attack.so.2',
    {
      technique: 'T1556',
    },
  ),
  loaded(
    'pam',
    'a PAM module',
    'put library $W/pam.so; echo "auth optional $W/pam.so" > /etc/pam.d/other.new; cp /etc/pam.d/su $W/o; { cat $W/o; echo "session optional $W/pam.so"; } > /etc/pam.d/su; su -s /bin/true nobody; cat $W/o > /etc/pam.d/su',
    {
      technique: 'T1556.003',
    },
  ),
  loaded(
    'bash-builtin',
    'a builtin of bash (enable -f)',
    'put library $W/x; bash -c "enable -f $W/x x"',
    byInterpreter,
  ),
  loaded(
    'python-ctypes',
    'loaded by Python (ctypes)',
    `put library $W/x; python3 -c 'import ctypes, os; ctypes.CDLL(os.environ["W"] + "/x")'`,
    byInterpreter,
  ),
  loaded(
    'python-extension',
    'imported by Python as an extension',
    'put library $W/evil.so; cd $W; python3 -c "import evil"',
    byInterpreter,
  ),
  loaded(
    'perl-dynaloader',
    'loaded by Perl (DynaLoader)',
    `put library $W/x; perl -e 'require DynaLoader; DynaLoader::dl_load_file("$ENV{W}/x") or die DynaLoader::dl_error()'`,
    byInterpreter,
  ),
  loaded(
    'php-extension',
    'loaded by PHP as an extension',
    'put library $W/x.so; php -n -d extension=$W/x.so -v',
    byInterpreter,
  ),
  loaded(
    'lua-loadlib',
    'loaded by Lua (package.loadlib)',
    `put library $W/x; lua5.4 -e 'print(package.loadlib(os.getenv("W") .. "/x", "*"))'`,
    byInterpreter,
  ),
  loaded(
    'openssl-engine',
    'loaded by OpenSSL as an engine',
    'put library $W/x.so; openssl engine dynamic -pre SO_PATH:$W/x.so -pre LOAD',
    byInterpreter,
  ),
  loaded(
    'gcc-plugin',
    'loaded by the compiler as a plug-in',
    'put library $W/x.so; echo "int x;" | gcc -fplugin=$W/x.so -x c -c -o /dev/null -',
    byInterpreter,
  ),
  loaded('awk-extension', 'loaded by gawk', 'put library $W/x.so; gawk -l $W/x.so "BEGIN {}"', byInterpreter),
  loaded(
    'apache-module',
    'loaded by Apache (LoadModule)',
    'put library $W/x.so; apache2ctl -t -C "LoadModule x_module $W/x.so"',
    {
      technique: 'T1505.003',
    },
  ),
];
