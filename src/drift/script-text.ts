import { remembering } from './remembering.ts';

/** What a piece of script text is known to be for, searched as plain words with bounded gaps. */
interface Sign {
  readonly pattern: RegExp;
  /** What it does, as the end of "it …". */
  readonly does: string;
}

const REVERSE_SHELLS: readonly Sign[] = [
  { pattern: /\/dev\/(?:tcp|udp)\/[^\s/]{1,255}\/[\d$]/, does: 'opens a connection through /dev/tcp' },
  {
    pattern:
      /\bn(?:c|cat|etcat)(?:\.\w{1,16})?\s[^\n;|&]{0,80}(?:-[a-z]{0,4}[ec]\s{1,4}|--exec\s{1,4}|--sh-exec\s{1,4})["']?(?:\/\w{1,8}){0,3}\/?(?:ba|da|z|k|a)?sh\b/,
    does: 'gives a shell to netcat',
  },
  {
    pattern:
      /\bmkfifo\b[^\n]{0,160}\|\s{0,4}(?:\/bin\/)?(?:ba|da|z|k|a)?sh\b[^\n]{0,80}\|\s{0,4}(?:nc|ncat|netcat|telnet|openssl)\b/,
    does: 'ties a shell to netcat by a pipe',
  },
  {
    pattern: /\bmknod\s[^\s]{1,80}\sp\b[^\n]{0,160}\b(?:nc|ncat|netcat|telnet)\b/,
    does: 'ties a shell to netcat by a pipe',
  },
  { pattern: /\bsocat\b[^\n]{0,160}\bexec:/i, does: 'gives a shell to socat' },
  {
    pattern: /\b(?:ba|z)?sh\s{1,4}-i\b[^\n]{0,40}(?:>&|<&|&>|0>&1)/,
    does: 'ties an interactive shell to a connection',
  },
];

/** Words that must all appear: a socket whose descriptor becomes a shell's input and output. */
const SOCKET_SHELLS: readonly (readonly [words: readonly string[], does: string])[] = [
  [['socket', 'dup2', '/sh'], 'makes a socket the input and output of a shell'],
  [['socket.socket', 'dup2', 'bash'], 'makes a socket the input and output of a shell'],
  [['socket', 'connect', 'pty.spawn'], 'gives a terminal to a connection'],
  [['fsockopen', 'proc_open'], 'ties a process to a connection'],
  [['Socket', 'open(STDIN,">&', 'exec'], 'ties a shell to a connection'],
  [['.connect(', 'spawn', '/sh', '.pipe('], 'pipes a shell into a connection'],
  [['TCPSocket', '/sh'], 'ties a shell to a connection'],
];

const MINERS = [
  'stratum+tcp://',
  'stratum+ssl://',
  'stratum2+tcp://',
  'xmrig',
  'minerd',
  'cpuminer',
  'ccminer',
  'cryptonight',
  'nanominer',
  'xmr-stak',
  'randomx',
  'supportxmr',
  'minexmr',
  'moneroocean',
  'nicehash',
  'hashvault.pro',
  'kdevtmpfsi',
  'kinsing',
  'c3pool',
  '2miners.com',
  'donate-level',
];

const RECON = [
  'linpeas',
  'linenum',
  'linux-exploit-suggester',
  'pspy64',
  'pspy32',
  'deepce',
  'amicontained',
  'botb-linux',
  'unix-privesc-check',
  'lse.sh',
  'traitor-amd64',
  'cdk_linux',
  'kubeletctl',
  'peirates',
];

/** Searches for files by their setuid or setgid bit. */
const SETUID_SEARCH = /\bfind\s[^\n;|&]{0,80}-perm\s{1,4}[-/+]?(?:u[+=]s|g[+=]s|[246]000\b)/;

const FETCH_AND_RUN: readonly Sign[] = [
  {
    pattern:
      /\b(?:curl|wget|fetch)\b[^\n;]{0,300}\|\s{0,4}(?:sudo\s{1,4})?(?:\/(?:usr\/)?bin\/)?(?:(?:ba|da|z|k|a)?sh|python[\d.]{0,5}|perl|php|node|ruby)\b/,
    does: 'pipes a download into an interpreter',
  },
  {
    pattern: /\b(?:ba|da|z|k|a)?sh\s{1,4}(?:-c\s{1,4})?["']?(?:<\s{0,2}\(|\$\(|`)\s{0,4}(?:curl|wget)\b/,
    does: 'runs a download',
  },
  { pattern: /\beval\s{1,4}["']?(?:\$\(|`)\s{0,4}(?:curl|wget)\b/, does: 'evaluates a download' },
  {
    pattern:
      /\b(?:urlopen|requests\.get|urlretrieve)\b[^\n]{0,200}\bexec\s{0,4}\(|\bexec\s{0,4}\([^\n]{0,80}\b(?:urlopen|requests\.get)\b/,
    does: 'executes a download',
  },
];

const MADE_EXECUTABLE = /\bchmod\s{1,4}(?:[augo]{0,4}\+[rws]{0,3}x|0?[1-7]?7[0-7]{2})/;

const WEB_SHELL_MARKS = [
  'c99shell',
  'c99_buff_prepare',
  'r57shell',
  'b374k',
  'filesman',
  'wso_version',
  'web shell by orb',
  'p0wny',
  'indoxploit',
  'alfa shell',
  'alfateam',
  'weevely',
  'antsword',
  'e45e329feb5d925b',
  'rebeyond',
  'godzilla shell',
  'phpspy',
  'ani-shell',
  'locus7s',
  'safe0ver',
  'jspspy',
  'php-reverse-shell',
  'pentestmonkey',
  'c100shell',
  'simattacker',
  'uname -a; w; id; /bin/sh -i',
];

export const reverseShell = remembering((text: string): string | null => {
  const sign = REVERSE_SHELLS.find(({ pattern }) => pattern.test(text));
  if (sign !== undefined) return sign.does;
  return SOCKET_SHELLS.find(([words]) => words.every((word) => text.includes(word)))?.[1] ?? null;
});

/** The first word that only mining software and its configuration use; undefined when there is none. */
export const minerMark = remembering((text: string): string | undefined => {
  return firstOf(MINERS, text);
});

export const reconMark = remembering((text: string): string | undefined => {
  return firstOf(RECON, text) ?? (SETUID_SEARCH.test(text) ? 'a search for setuid programs' : undefined);
});

export const fetchAndRun = remembering((text: string): string | null => {
  const sign = FETCH_AND_RUN.find(({ pattern }) => pattern.test(text));
  if (sign !== undefined) return sign.does;
  for (const { index } of text.matchAll(/\b(?:curl|wget)\s/g)) {
    if (MADE_EXECUTABLE.test(text.slice(index, index + 400))) return 'makes a download executable';
  }
  return null;
});

/** A name or text that a published web shell carries; undefined when there is none. */
export const webShellMark = remembering((text: string): string | undefined => {
  return firstOf(WEB_SHELL_MARKS, text);
});

function firstOf(words: readonly string[], text: string): string | undefined {
  const lower = text.toLowerCase();
  return words.find((word) => lower.includes(word));
}
