import { type Family, words } from './family.ts';

/** Programs for data that run scripts when they are told to; see https://gtfobins.github.io. */
export const TOOLS: readonly Family[] = [
  {
    name: 'awk',
    programs: words('awk gawk mawk nawk bwk goawk'),
    extensions: ['awk'],
    form: {
      operand: false,
      code: words('f file i include l load exec E'),
      values: words('F v assign field-separator e source W'),
    },
  },
  {
    name: 'sed',
    programs: words('sed gsed ssed'),
    extensions: ['sed'],
    form: {
      operand: false,
      code: ['f', 'file'],
      values: words('e expression l line-length'),
      attached: 'i',
    },
  },
  {
    name: 'a build tool',
    programs: words('make gmake gnumake bmake pmake ninja just rake ant cmake scons'),
    extensions: words('mk mak ninja cmake'),
    names: words('makefile gnumakefile bsdmakefile cmakelists.txt justfile'),
    form: {
      operand: false,
      code: words('f file makefile P justfile'),
      values: words('C directory I include-dir j o W l'),
    },
  },
  {
    name: 'm4',
    programs: words('m4 gm4'),
    extensions: ['m4'],
    form: {
      operand: true,
      code: words('R reload-state'),
      values: words('D define U undefine I include L o'),
    },
  },
  {
    name: 'a program that follows scripts',
    programs: words(
      `vim vi view rvim nvim ex gvim vimdiff nvi elvis ed gdb gdbtui lldb nmap ncat bc dc mutt screen tmux irssi
      weechat stap bpftrace`,
    ),
    extensions: words('vim nse gdb lldb lua py stp bt dc bc'),
    names: words('.vimrc .exrc .gvimrc .gdbinit .lldbinit .nexrc .screenrc .tmux.conf'),
    form: {
      operand: false,
      code: words('S s u x ix command init-command source script f file'),
      values: words('c cmd ex iex eval-command e T U i w d t'),
    },
  },
];
