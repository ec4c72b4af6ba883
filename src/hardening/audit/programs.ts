/** Kinds of programs that an intruder is glad to find, by their names. */
export type ProgramKind =
  | 'shells'
  | 'interpreters'
  | 'packageManagers'
  | 'compilers'
  | 'downloaders'
  | 'sshServers';

/** A version after a name: `python3.11`, `gcc-12`, `lua5.4`, `php8.2`. */
const VERSION = String.raw`[-.\d]*(?:-alpine|-posix|-win32|-minimal)?`;
/** What comes before the name of a compiler for one target: `x86_64-linux-gnu-gcc`. */
const TARGET = String.raw`(?:[\w]+-(?:[\w]+-)*)?`;

function named(names: string, before = '', after = ''): RegExp {
  return new RegExp(`^${before}(?:${names.split(' ').join('|')})${after}$`);
}

const KINDS: readonly (readonly [ProgramKind, RegExp])[] = [
  ['shells', named('sh bash dash ash ksh ksh93 mksh lksh yash zsh rzsh fish csh tcsh rbash busybox toybox')],
  [
    'interpreters',
    named(
      'python pypy perl ruby php php-cgi lua luajit tclsh wish expect node nodejs deno bun java guile erl escript elixir groovy mono dotnet R Rscript awk gawk mawk nawk original-awk gjs qjs pwsh',
      '',
      VERSION,
    ),
  ],
  [
    'packageManagers',
    named(
      'apt apt-get aptitude dpkg rpm yum dnf microdnf tdnf zypper apk apk.static pacman opkg emerge nix-env snap flatpak pip pipx uv conda mamba npm npx yarn pnpm corepack gem bundle composer cargo easy_install cpan cpanm luarocks',
      '',
      VERSION,
    ),
  ],
  [
    'compilers',
    named(
      String.raw`gcc g\+\+ cc c\+\+ c89 c99 clang clang\+\+ tcc cpp as ld ld\.bfd ld\.gold ld\.lld gold go gofmt rustc javac nasm yasm make gmake cmake ninja gfortran ghc ocamlopt ocamlc fpc zig`,
      TARGET,
      VERSION,
    ),
  ],
  [
    'downloaders',
    named(
      String.raw`curl wget wget2 nc ncat netcat nc\.openbsd nc\.traditional socat ftp tftp lftp ftpget ftpput ssh scp sftp rsync aria2c axel telnet git svn hg lynx w3m links elinks busybox toybox http httpie openssl`,
    ),
  ],
  ['sshServers', named('sshd sshd-session dropbear dropbearmulti')],
];

/** Places where executable files have the names of programs without being them: jobs, hooks, parts of apt. */
const OTHER_PLACES = /^\/etc\/|^\/usr\/share\/(bug|doc|lintian|bash-completion|zsh|fish)\/|\/apt\/methods\//;

/** The kinds of program that a file is by its name and place; none for most. */
export function kindsOf(path: string): ProgramKind[] {
  if (OTHER_PLACES.test(path)) return [];
  const name = path.slice(path.lastIndexOf('/') + 1);
  return KINDS.flatMap(([kind, pattern]) => (pattern.test(name) ? kind : []));
}
