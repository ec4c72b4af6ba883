import type { Language } from './runnable.ts';

interface Grammar {
  readonly comment: RegExp;
  /** Where request input enters. */
  readonly input: RegExp;
  /** What runs its argument. Matched at most once per statement. */
  readonly sink: RegExp;
  /** Text decoded on the way. */
  readonly decoder: RegExp;
  /** Ends of statements beside line ends. */
  readonly ends: string;
}

/**
 * Each expression is a plain list of words with bounded white space, so that a search takes one pass. A sink is
 * followed by what it runs; `exec` as a method of something else (a regular expression, a database) is none.
 */
const GRAMMARS: Readonly<Partial<Record<Language, Grammar>>> = {
  python: {
    comment: /^\s{0,64}#/,
    input:
      /\brequest\.(?:args|form|values|data|json|get_data|get_json|cookies|headers|files|query|GET|POST|body|params|stream)\b|\bFieldStorage\b|\bQUERY_STRING\b|\bHTTP_[A-Z]|\bself\.(?:path|headers|rfile|get_argument|get_query_argument)\b|\.recv\(|\bwsgi\.input\b|\bquery_params\b/,
    sink: /\b(?:os\.(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?)|subprocess\.\w{1,24}|commands\.getoutput|pty\.spawn|Popen|check_output|getoutput|create_subprocess_shell|marshal\.loads|pickle\.loads)\s{0,4}\(|(?<![\w.])(?:eval|exec|compile|__import__|execfile)\s{0,4}\(|__builtins__/,
    decoder:
      /\b(?:b64decode|b32decode|a85decode|unhexlify|fromhex|decompress|rot_?13|urlopen|marshal\.loads)\b/,
    ends: ';',
  },
  node: {
    comment: /^\s{0,64}(?:\/\/|\*)/,
    input:
      /\b(?:req|request|ctx|query|q|r|i|c|e|incoming|message)\.(?:query|body|params|headers|url|cookies|rawBody)\b|\bsearchParams\b|\bquerystring\.parse\b|\bqs\.parse\b|\burl\.parse\b|\.on\(\s{0,4}['"](?:data|message)['"]/,
    sink: /(?<![\w.$])(?:eval|exec|execSync|execFile|execFileSync|spawn|spawnSync|require)\s{0,4}\(|\bnew\s{1,4}Function\b|(?<![\w.$])Function\s{0,4}\(|child_process['"]?\s{0,2}\)?\s{0,2}\.(?:exec|execSync|spawn|spawnSync|execFile|fork)\b|\b(?:cp|childProcess|child_process|child|proc|shell)\.(?:exec|execSync|spawn|spawnSync|execFile|fork)\s{0,4}\(|\bvm\.(?:runIn\w{1,16}|Script|compileFunction)\b|\.(?:execSync|spawnSync|execFileSync)\s{0,4}\(|\bset(?:Timeout|Interval)\s{0,4}\(\s{0,4}(?:req|request)\./,
    decoder:
      /\batob\s{0,4}\(|\bBuffer\.from\s{0,4}\([^)]{0,400}['"](?:base64|hex)['"]|\bunescape\s{0,4}\(|\bfromCharCode\b|\binflateSync\b|\bgunzipSync\b/,
    ends: ';{}',
  },
  perl: {
    comment: /^\s{0,64}#/,
    input:
      /\bparam\s{0,4}\(|->param\b|->Vars\b|\$ENV\{\s{0,4}['"]?(?:QUERY_STRING|HTTP_\w{1,40}|PATH_INFO|REQUEST_URI)|<STDIN>|\bread\s{0,4}\(?\s{0,4}\*?STDIN\b|\bReadParse\b|\burl_param\b|->body\b/,
    sink: /\b(?:system|exec|eval)\b(?!\s{0,4}\{)|`|\bqx\b|\bopen\s{0,4}\(?[^;|]{0,200}\|/,
    decoder: /\bdecode_base64\b|\bunpack\s{0,4}\(|\buncompress\b|\bpack\s{0,4}\(\s{0,4}['"]H/,
    ends: ';',
  },
  ruby: {
    comment: /^\s{0,64}#/,
    input:
      /\bparams\b|\brequest\.(?:env|body|query_string|params|cookies)\b|\bQUERY_STRING\b|\bcgi\[|\breq\.(?:query|body|header)\b/,
    sink: /(?<![\w.])(?:eval|system|exec|spawn)\b|\b(?:instance_eval|class_eval|IO\.popen|Kernel\.\w{1,16}|Open3\.\w{1,16})\b|`|%x[({[]/,
    decoder: /\bBase64\.\w{0,16}decode64\b|\.unpack1?\b|\bInflate\b|\bMarshal\.load\b/,
    ends: ';',
  },
  shell: {
    comment: /^\s{0,64}#/,
    input: /\$\{?(?:QUERY_STRING|HTTP_\w{1,40}|PATH_INFO|REQUEST_URI)\b/,
    sink: /\beval\b|\b(?:ba|da|z|k|a)?sh\s{1,4}-c\b|\|\s{0,4}(?:\/bin\/|\/usr\/bin\/)?(?:ba|da|z|k|a)?sh\b|`\s{0,4}\$|^\s{0,64}\$\{?[A-Za-z_]|\$\(\s{0,4}\$/,
    decoder: /\bbase64\s{1,4}(?:-d|--decode|-D)\b|\bxxd\s{1,4}-r\b|\bopenssl\s{1,4}enc\b[^|]{0,100}-d\b/,
    ends: ';',
  },
  lua: {
    comment: /^\s{0,64}--/,
    input: /\bngx\.(?:req|var)\b|\br:parseargs\b|\br\.args\b/,
    sink: /\b(?:os\.execute|io\.popen|loadstring|load|dofile)\s{0,4}\(/,
    decoder: /\bdecode_base64\b/,
    ends: ';',
  },
  jsp: {
    comment: /^\s{0,64}(?:\/\/|\*|<%--)/,
    input:
      /\brequest\s{0,4}\.\s{0,4}get(?:Parameter|ParameterValues|ParameterMap|Header|QueryString|InputStream|Reader|Cookies|RequestURI|Attribute)\b|\bparam\.\w|\bparam\[|\bheader\[|\bpageContext\.request\b/,
    sink: /\bRuntime\b|\bProcessBuilder\b|\bProcessImpl\b|\bdefineClass\b|\bScriptEngineManager\b|\bClassLoader\b|\bloadClass\b|\bClass\.forName\b|\bELProcessor\b|\bExpressionFactory\b|\bURLClassLoader\b|\breadObject\s{0,4}\(/,
    decoder: /\bdecodeBuffer\b|\bgetDecoder\b|\bparseBase64Binary\b|\bdecodeBase64\b/,
    ends: ';{}',
  },
};

/** What code other than PHP does with what a client sends; null for what it does not do. */
export interface CodeVerdict {
  readonly shell: string | null;
  readonly obfuscated: string | null;
}

const NOTHING: CodeVerdict = { shell: null, obfuscated: null };

/**
 * Follows request input from statement to statement through assigned variables to whatever runs it. In JSP,
 * where a page that reads parameters has no business with processes and class loaders, both in one file are
 * enough. Each statement is searched a fixed number of times, and a statement is at most {@link LONGEST} long.
 */
export function judgeCode(text: string, language: Language): CodeVerdict {
  const grammar = GRAMMARS[language];
  if (grammar === undefined) return NOTHING;
  const code = language === 'jsp' ? resolveUnicodeEscapes(text) : text;
  const tainted = new Map<string, 'input' | 'decoded'>();
  let shell: string | null = null;
  let obfuscated: string | null = null;
  let anyInput = false;
  let anySink: string | null = null;
  for (const statement of statements(stripBlockComments(code, language), grammar)) {
    const sink = grammar.sink.exec(statement);
    // What stands before a sink is not what it runs, except in a pipeline of the shell.
    const argument = sink === null || language === 'shell' ? statement : statement.slice(sink.index);
    const origin = originOf(argument, grammar, tainted);
    if (sink !== null) anySink ??= sink[0].trim();
    if (grammar.input.test(statement)) anyInput = true;
    if (sink !== null && origin === 'input') shell ??= `request input reaches ${nameOf(sink[0])}`;
    else if (sink !== null && origin === 'decoded') obfuscated ??= `decoded text reaches ${nameOf(sink[0])}`;
    taint(statement, sink === null ? origin : originOf(statement, grammar, tainted), tainted);
  }
  if (language === 'jsp' && anyInput && anySink !== null) {
    shell ??= `a page that reads request input uses ${nameOf(anySink)}`;
  }
  return { shell, obfuscated };
}

const WORD = /[$@%]?[A-Za-z_]\w*/g;
const LONGEST = 4096;

function originOf(statement: string, grammar: Grammar, tainted: ReadonlyMap<string, 'input' | 'decoded'>) {
  if (grammar.input.test(statement)) return 'input';
  let origin: 'input' | 'decoded' | null = null;
  if (tainted.size > 0) {
    for (const [word] of statement.matchAll(WORD)) {
      const known = tainted.get(bare(word));
      if (known === 'input') return known;
      origin ??= known ?? null;
    }
  }
  return origin ?? (grammar.decoder.test(statement) ? 'decoded' : null);
}

/** Marks the names on the left of an assignment, of `for x in y`, and of a callback's parameters after input events. */
function taint(
  statement: string,
  origin: 'input' | 'decoded' | null,
  tainted: Map<string, 'input' | 'decoded'>,
): void {
  if (origin === null || tainted.size > 5000) return;
  const loop = /^\s{0,64}for\s{1,4}([\w, ]{1,80}) in\s/.exec(statement);
  const end = loop === null ? assignment(statement) : -1;
  // What an input event or a read from the client's stream fills.
  const filled =
    /\.on\(\s{0,4}['"](?:data|message)['"]\s{0,4},\s{0,4}(?:async\s{1,4})?(?:function\s{0,4})?\(?\s{0,4}(\w{1,40})|\bread\s{0,4}\(?\s{0,4}\*?STDIN\s{0,4},\s{0,4}(?:my\s{1,4})?(\$\w{1,40})/.exec(
      statement,
    );
  const left = end > 0 ? statement.slice(Math.max(0, end - 200), end) : '';
  const names = [loop?.[1], left, filled?.[1], filled?.[2]].join(' ');
  for (const [word] of names.matchAll(WORD)) {
    if (!KEYWORDS.has(word) && tainted.get(bare(word)) !== 'input') tainted.set(bare(word), origin);
  }
}

const KEYWORDS = new Set([
  'my',
  'our',
  'local',
  'var',
  'let',
  'const',
  'String',
  'byte',
  'Object',
  'self',
  'this',
  'export',
  'if',
  'while',
  'read',
  'declare',
  'final',
]);

function bare(word: string): string {
  return word.startsWith('$') || word.startsWith('@') || word.startsWith('%') ? word.slice(1) : word;
}

/** Position of the `=` (or `+=`, `||=`, `=~`) that assigns; -1 when the statement does not. */
function assignment(statement: string): number {
  for (let at = statement.indexOf('='); at !== -1; at = statement.indexOf('=', at + 1)) {
    const [before, next] = [statement[at - 1] ?? '', statement[at + 1] ?? ''];
    if (next === '=') at += 1;
    else if (next !== '>' && !'=!<>'.includes(before)) return at;
  }
  return -1;
}

/** Statements without comments: lines joined while a bracket or comma leaves them open, cut at the grammar's ends. */
function* statements(text: string, grammar: Grammar): Generator<string> {
  let pending = '';
  for (const line of text.split('\n')) {
    if (grammar.comment.test(line)) continue;
    const joined = pending === '' ? line : `${pending} ${line.trim()}`;
    if (joined.length < LONGEST && /[([,\\+.|&=]$/.test(line.slice(-8).trimEnd())) {
      pending = joined;
      continue;
    }
    pending = '';
    yield* cut(joined, grammar.ends);
  }
  if (pending !== '') yield* cut(pending, grammar.ends);
}

function* cut(line: string, ends: string): Generator<string> {
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    const template = line[at] === '{' && line[at - 1] === '$';
    // A placeholder in a template belongs to the statement around it; so does the end of one.
    if (at - start < LONGEST && (template || !ends.includes(line.charAt(at)))) continue;
    if (at > start) yield line.slice(start, at);
    start = ends.includes(line.charAt(at)) ? at + 1 : at;
  }
  if (start < line.length) yield line.slice(start);
}

function stripBlockComments(text: string, language: Language): string {
  if (language !== 'node' && language !== 'jsp') return text;
  let out = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('/*', at);
    if (open === -1) return out + text.slice(at);
    out += `${text.slice(at, open)} `;
    const close = text.indexOf('*/', open + 2);
    // An unfinished comment may be no comment at all, such as a glob in a string.
    if (close === -1) return out + text.slice(open + 2);
    at = close + 2;
  }
}

/** `\u0065` anywhere in Java source is the letter itself (JLS 3.3). */
function resolveUnicodeEscapes(text: string): string {
  return text.replaceAll(/\\u{1,8}([0-9a-fA-F]{4})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function nameOf(sink: string): string {
  const name = sink.replaceAll(/[^\w.]/g, '');
  return name === '' ? 'a shell command' : name;
}
