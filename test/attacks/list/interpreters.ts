/** Python, Perl, Lua: scripts, modules, start-up files and caches. */
import type { Attack } from '../attack.ts';

const SCRIPT = 'Interpreters are refused scripts and modules that the image does not hold.';
const NO_SCRIPT = 'The code is on a command line or in a pipe, and in no file that an interpreter opens.';

const by =
  (technique: string) =>
  (id: string, title: string, run: string, more: Partial<Attack> = {}): Attack => ({
    ...{ id, title, technique, where: 'default', expected: 'denied', why: SCRIPT, run },
    ...more,
  });
const python = by('T1059.006');
const perl = by('T1059');
const inline = { expected: 'not-covered', why: NO_SCRIPT } as const;
const asData = {
  expected: 'not-covered',
  why: 'No name, command line or first line says that it is code: it is not told from data that a program reads.',
} as const;
const PACKAGES = 'D=/usr/local/lib/python3.11/dist-packages; mkdir -p $D;';

/** Writes the compiled form of the script, which says that its source need not be looked at, as Python reads it. */
const COMPILED = `python3 -c 'import os, marshal, importlib.util as u
code = compile(os.environ["python"], "x", "exec")
open(os.environ["P"], "wb").write(u.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code))'`;
const CACHE = 'mkdir -p /opt/python/__pycache__; CACHED=/opt/python/__pycache__/greeter.cpython-311.pyc';
const USE_CACHE = 'PYTHONPATH=/opt/python python3 -c "import greeter"; rm -rf /opt/python/__pycache__';
const PICKLED = `python3 -c 'import os, pickle
class X:
  def __reduce__(self): return (os.system, (os.environ["shell"],))
pickle.dump(X(), open(os.environ["W"] + "/model.bin", "wb"))'`;

export const INTERPRETERS: Attack[] = [
  python('python', 'python FILE', 'text python $W/x.py; python3 $W/x.py'),
  python('python-any-name', 'python FILE, named as data', 'text python $W/x.txt; python3 $W/x.txt'),
  python('python-stdin', 'python < FILE', 'text python $W/x.py; python3 < $W/x.py'),
  python(
    'python-module',
    'a module in the working folder',
    'text python $W/evil.py; cd $W; python3 -c "import evil"',
  ),
  python('python-m', 'python -m', 'text python $W/evil.py; cd $W; python3 -m evil'),
  python(
    'pythonpath',
    'PYTHONPATH, with a standard module’s name',
    'text python $W/colorsys.py; PYTHONPATH=$W python3 -c "import colorsys"',
    { technique: 'T1574.007' },
  ),
  python(
    'python-zip',
    'python FILE.zip',
    'cd $W; text python __main__.py; zip -q x.zip __main__.py; rm __main__.py; python3 x.zip',
    { technique: 'T1027.013' },
  ),
  python('pyc', 'python FILE.pyc', `export P=$W/x.pyc; ${COMPILED}; python3 $W/x.pyc`, {
    technique: 'T1027',
  }),
  python(
    'pycache',
    'a poisoned __pycache__ of the image’s module',
    `${CACHE}; export P=$W/x; ${COMPILED}; cat $P > $CACHED; ${USE_CACHE}`,
    { technique: 'T1574' },
  ),
  python(
    'pycache-by-python',
    'a poisoned __pycache__ of the image’s module, written by Python itself',
    `${CACHE}; export P=$CACHED; ${COMPILED}; ${USE_CACHE}`,
    {
      technique: 'T1574',
      expected: 'not-covered',
      why: 'Python writes such files as a part of its work: what it alone wrote there it may read.',
    },
  ),
  python(
    'python-pth',
    'a .pth file among the packages',
    `${PACKAGES} echo "import os; os.system(os.environ['shell'])" > $D/attack.pth; python3 -c pass; rm -f $D/attack.pth`,
    { technique: 'T1546.018' },
  ),
  python(
    'sitecustomize',
    'sitecustomize.py of the image overwritten',
    'F=/etc/python3.11/sitecustomize.py; cat $F > $W/old; printenv python > $F; python3 -c pass; cat $W/old > $F',
    { technique: 'T1546.018' },
  ),
  python(
    'usercustomize',
    'usercustomize.py in a home folder',
    'D=$W/.local/lib/python3.11/site-packages; mkdir -p $D; text python $D/usercustomize.py; HOME=$W python3 -c pass',
    { technique: 'T1546.018' },
  ),
  python(
    'python-image-module',
    'a module of the image overwritten',
    'text python /opt/python/greeter.py; PYTHONPATH=/opt/python python3 -B -c "import greeter"',
    { technique: 'T1554' },
  ),
  python('python-c', 'python -c', 'python3 -c "$python"', inline),
  python('python-pipe', 'python, its script in a pipe', 'printenv python | python3', inline),
  python(
    'python-exec',
    'python -c that reads its code from a file of data',
    `text python $W/x.txt; python3 -c 'import os; exec(open(os.environ["W"] + "/x.txt").read())'`,
    asData,
  ),
  python(
    'pickle',
    'a pickle that runs a command when it is loaded',
    `${PICKLED}; python3 -c 'import os, pickle; pickle.load(open(os.environ["W"] + "/model.bin", "rb"))'`,
    {
      expected: 'not-covered',
      why: 'Serialised data is data; that it makes Python call functions is Python’s own.',
    },
  ),
  perl('perl', 'perl FILE', 'text perl $W/x.pl; perl $W/x.pl'),
  perl('perl-stdin', 'perl < FILE', 'text perl $W/x.pl; perl < $W/x.pl'),
  perl('perl-module', 'perl -I -M', 'text perl $W/Evil.pm; echo "1;" >> $W/Evil.pm; perl -I$W -MEvil -e 1', {
    technique: 'T1574.007',
  }),
  perl(
    'perl5opt',
    'PERL5LIB and PERL5OPT',
    'text perl $W/Evil.pm; echo "1;" >> $W/Evil.pm; PERL5LIB=$W PERL5OPT=-MEvil /usr/bin/perl -e 1',
    { technique: 'T1574.007' },
  ),
  perl('perl-do', 'do FILE', `text perl $W/x.pl; perl -e 'do "$ENV{W}/x.pl"'`),
  perl('perl-do-data', 'do FILE, named as data', `printenv perl > $W/x; perl -e 'do "$ENV{W}/x"'`, asData),
  perl('perl-e', 'perl -e', 'perl -e "$perl"', inline),
  perl('lua', 'lua FILE', 'text lua $W/x.lua; lua5.4 $W/x.lua'),
  perl('lua-init', 'LUA_INIT', 'text lua $W/x.lua; LUA_INIT=@$W/x.lua lua5.4 -e ""'),
  perl(
    'lua-init-data',
    'LUA_INIT of a file named as data',
    'printenv lua > $W/x; LUA_INIT=@$W/x lua5.4 -e ""',
    asData,
  ),
  perl('lua-e', 'lua -e', 'lua5.4 -e "$lua"', inline),
];
