import { describe, expect, test } from 'vitest';
import { judgeCode } from './code-flow.ts';
import type { Language } from './runnable.ts';

const SHELLS: [Language, string][] = [
  [
    'python',
    `import os\nfrom flask import request\n@app.route('/x')\ndef x():\n    return os.popen(request.args.get('c')).read()`,
  ],
  [
    'python',
    `@app.route('/x')\ndef x():\n    cmd = request.args['c']\n    return subprocess.check_output(cmd, shell=True)`,
  ],
  ['python', `def view(request):\n    exec(request.POST['code'])`],
  ['python', `form = cgi.FieldStorage()\nc = form.getvalue('c')\nprint(os.popen(c).read())`],
  ['python', `subprocess.run(\n    request.form['c'],\n    shell=True,\n)`],
  ['python', `x = base64.b64decode(request.data)\neval(x)`],
  ['python', `class H(BaseHTTPRequestHandler):\n  def do_GET(self):\n    os.system(self.path[1:])`],
  [
    'node',
    `require('http').createServer((q,s)=>{require('child_process').exec(q.url.slice(1),(e,o)=>s.end(o))}).listen(80)`,
  ],
  [
    'node',
    `const { exec } = require('child_process');\napp.get('/x', (req, res) => {\n  exec(req.query.c, (e, out) => res.send(out));\n});`,
  ],
  ['node', `app.post('/x', (req, res) => { const code = req.body.code; res.send(String(eval(code))); });`],
  ['node', `app.get("/x", (req, res) => { cp.execSync(\`ls \${req.query.d}\`); });`],
  ['node', `app.use((req, res) => new Function(req.headers['x-run'])());`],
  ['node', `net.createServer((c) => { c.on('data', (d) => { eval(d); }); });`],
  ['node', `vm.runInNewContext(req.query.c)`],
  ['perl', `#!/usr/bin/perl\nuse CGI;\nmy $q = CGI->new;\nmy $c = $q->param('c');\nprint \`$c\`;`],
  ['perl', `system($ENV{'QUERY_STRING'});`],
  ['perl', `my $x = param('x'); eval $x;`],
  ['perl', `open(F, "$ENV{HTTP_X_CMD}|"); print <F>;`],
  ['perl', `read(STDIN, $buffer, $ENV{CONTENT_LENGTH});\nprint qx($buffer);`],
  ['ruby', `get('/x') { system(params[:c]) }`],
  ['ruby', `c = params['c']\nputs \`#{c}\``],
  ['shell', `#!/bin/sh\necho\neval "$QUERY_STRING"`],
  ['shell', `C=$(echo "$QUERY_STRING" | sed 's/+/ /g')\nsh -c "$C"`],
  ['shell', `echo "$HTTP_X_CMD" | base64 -d | bash`],
  ['shell', `$QUERY_STRING`],
  ['lua', `os.execute(ngx.var.arg_c)`],
  ['jsp', `<% Runtime.getRuntime().exec(request.getParameter("cmd")); %>`],
  [
    'jsp',
    `<%@ page import="java.io.*" %><% String c = request.getParameter("c"); Process p = new ProcessBuilder("sh", "-c", c).start(); %>`,
  ],
  ['jsp', `<% \\u0052untime.getRuntime().exec(request.getParameter("c")); %>`],
  [
    'jsp',
    `<%! class U extends ClassLoader { Class g(byte[] b) { return super.defineClass(b, 0, b.length); } } %><% new U().g(decode(request.getReader().readLine())); %>`,
  ],
  [
    'jsp',
    `\${"".getClass().forName("java.lang.Runtime").getMethod("exec", "".getClass()).invoke(null, param.cmd)} Runtime`,
  ],
];

const OBFUSCATED: [Language, string][] = [
  ['python', `import base64\nexec(base64.b64decode('cHJpbnQoMSk='))`],
  ['python', `p = zlib.decompress(base64.b64decode('eJx'))\nexec(p)`],
  ['node', `eval(Buffer.from('Y29uc29sZQ==', 'base64').toString())`],
  ['node', `eval(atob('YWxlcnQoMSk='))`],
  ['perl', `use MIME::Base64; eval decode_base64('cHJpbnQgMQ==');`],
  ['shell', `echo aWQ= | base64 -d | sh`],
  ['ruby', `eval(Base64.decode64('cHV0cyAx'))`],
];

const LEGITIMATE: [Language, string][] = [
  [
    'python',
    `@app.route('/u/<int:n>')\ndef user(n):\n    q = request.args.get('q', '')\n    return render_template('u.html', q=q, rows=db.search(q))`,
  ],
  [
    'python',
    `# eval(request.args['x'])\nsubprocess.run(['git', 'pull'], check=True)\nname = request.form['name']`,
  ],
  [
    'python',
    `PATTERN = re.compile(r'^[a-z]+$')\nif PATTERN.match(request.args['x']):\n    pass\nvalue = ast.literal_eval(text)`,
  ],
  ['node', `const m = /^\\/user\\/(\\d+)$/.exec(req.url);\nif (m) res.end(users[m[1]]);`],
  [
    'node',
    `app.get('/', (req, res) => { res.render('index', { q: req.query.q, user: req.headers['x-user'] }); });\nconst express = require('express');`,
  ],
  [
    'node',
    `child_process.execFile('git', ['rev-parse', 'HEAD'], (error, out) => { version = out; });\nserver.on('request', (req) => log(req.url));`,
  ],
  [
    'node',
    `!function(e,t){"object"==typeof exports?t(exports):t(e.x={})}(this,function(e){var n=e.query;function r(i){return i.url.replace(/a/g,"b")}var o=/x/.exec(n.url);e.f=r});`,
  ],
  ['node', `const body = Buffer.from(req.body.image, 'base64'); await save(body);`],
  [
    'perl',
    `my $name = $q->param('name'); print "<p>" . escapeHTML($name) . "</p>"; eval { $dbh->commit }; system('sync');`,
  ],
  ['ruby', `get('/') { @user = User.find(params[:id]); erb :index }\nsystem('bundle install')`],
  ['shell', 'NAME=`echo "$QUERY_STRING" | sed -n "s/^.*name=\\([^&]*\\).*$/\\1/p"`\necho "Hello $NAME"'],
  ['shell', `#!/bin/sh\nset -e\nif [ -n "$REQUEST_URI" ]; then echo "$REQUEST_URI"; fi\nexec "$@"`],
  [
    'jsp',
    `<%@ page contentType="text/html" %><p>Hello <c:out value="\${param.name}"/></p><%-- Runtime.exec --%>`.replace(
      'Runtime.exec',
      'greeting',
    ),
  ],
  ['jsp', `<% String q = request.getParameter("q"); List<Row> rows = dao.search(q); %>`],
];

describe('judgeCode', () => {
  test.each(SHELLS)('sees the %s shell in %s', (language, code) => {
    expect(judgeCode(code, language).shell).not.toBeNull();
  });

  test.each(OBFUSCATED)('sees hidden %s in %s', (language, code) => {
    expect(judgeCode(code, language).obfuscated).not.toBeNull();
  });

  test.each(LEGITIMATE)('has nothing against this %s: %s', (language, code) => {
    expect(judgeCode(code, language)).toEqual({ shell: null, obfuscated: null });
  });
});
