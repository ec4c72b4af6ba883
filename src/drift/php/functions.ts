/** Functions that hand their argument to a shell or start a program. */
export const COMMANDS = new Set([
  'system',
  'exec',
  'shell_exec',
  'passthru',
  'popen',
  'proc_open',
  'pcntl_exec',
  'expect_popen',
]);

/** Functions that run their argument as PHP. */
const CODE = new Set(['eval', 'assert', 'create_function', 'runkit_function_add']);

/** Constructs that run the file that they name. */
export const INCLUDES = new Set(['include', 'include_once', 'require', 'require_once']);

/** Functions that call what their argument names. */
export const CALLBACKS = new Set([
  'call_user_func',
  'call_user_func_array',
  'array_map',
  'array_filter',
  'array_walk',
  'array_walk_recursive',
  'array_reduce',
  'usort',
  'uasort',
  'uksort',
  'array_diff_ukey',
  'array_udiff',
  'array_uintersect',
  'register_shutdown_function',
  'register_tick_function',
  'forward_static_call',
  'forward_static_call_array',
  'preg_replace_callback',
  'iterator_apply',
  'ob_start',
  'set_error_handler',
  'reflectionfunction',
  'spl_autoload_register',
  'mb_ereg_replace_callback',
  'filter_var',
]);

/** Those of them that call their first argument. */
export const FIRST_IS_CALLED = new Set([
  'call_user_func',
  'call_user_func_array',
  'array_map',
  'register_shutdown_function',
  'forward_static_call',
  'forward_static_call_array',
  'ob_start',
  'reflectionfunction',
  'register_tick_function',
]);

/** Functions that turn unreadable text into readable. */
export const DECODERS = new Set([
  'base64_decode',
  'gzinflate',
  'gzuncompress',
  'gzdecode',
  'bzdecompress',
  'zlib_decode',
  'str_rot13',
  'convert_uudecode',
  'hex2bin',
  'strrev',
  'urldecode',
  'rawurldecode',
  'openssl_decrypt',
  'mcrypt_decrypt',
  'pack',
  'file_get_contents',
  'curl_exec',
  'stream_get_contents',
  'fsockopen',
]);

/** Functions that put a name together; suspicious only when the result is called. */
export const ASSEMBLERS = new Set([
  'chr',
  'str_replace',
  'str_ireplace',
  'strtr',
  'implode',
  'join',
  'substr',
  'sprintf',
  'array_map',
]);

/** Functions whose result carries no text of the request, or none that can leave its quotes. */
const SANITIZERS = new Set([
  'isset',
  'empty',
  'md5',
  'sha1',
  'hash',
  'crc32',
  'strlen',
  'count',
  'sizeof',
  'is_numeric',
  'is_string',
  'is_array',
  'intval',
  'floatval',
  'absint',
  'boolval',
  'in_array',
  'array_key_exists',
  'password_verify',
  'hash_equals',
  'escapeshellarg',
  'ctype_digit',
  'ctype_alnum',
  'ctype_alpha',
  'wp_verify_nonce',
  'check_admin_referer',
  'preg_match',
  'sanitize_key',
  'unset',
  'strcmp',
  'strpos',
  'str_starts_with',
  'filesize',
  'file_exists',
  'is_file',
]);

/** Functions that make variables out of their argument. */
const EXTRACTORS = new Set(['extract', 'parse_str', 'mb_parse_str', 'import_request_variables']);

/** Functions that answer with what the client sent. */
export const INPUT_FUNCTIONS = new Set([
  'getallheaders',
  'apache_request_headers',
  'filter_input',
  'filter_input_array',
]);

/** Variables that hold what the client sent. */
export const INPUT_VARIABLES = new Set([
  '$_get',
  '$_post',
  '$_request',
  '$_cookie',
  '$_files',
  '$http_raw_post_data',
  '$http_get_vars',
  '$http_post_vars',
]);

/** Members of $_SERVER that hold what the client sent. */
export const INPUT_MEMBERS =
  /^(?:http_|query_string$|request_uri$|path_info$|orig_path_info$|php_auth_|php_self$)/i;

/** What a bracket does with what is in it. */
export type Role =
  | 'code'
  | 'command'
  | 'include'
  | 'callback'
  | 'assembled'
  | 'sanitizer'
  | 'extract'
  | 'each'
  | 'parameters'
  | 'replace'
  | 'write'
  | 'index'
  | 'neutral';

/** What the brackets after a function's name do; the name in lower case. */
export function roleOf(name: string): Role {
  if (COMMANDS.has(name)) return 'command';
  if (CODE.has(name)) return 'code';
  if (CALLBACKS.has(name)) return 'callback';
  if (SANITIZERS.has(name)) return 'sanitizer';
  if (EXTRACTORS.has(name)) return 'extract';
  if (name === 'foreach') return 'each';
  if (['preg_replace', 'preg_filter', 'mb_ereg_replace', 'mb_eregi_replace'].includes(name)) return 'replace';
  if (['file_put_contents', 'fopen', 'copy', 'rename', 'move_uploaded_file'].includes(name)) return 'write';
  return 'neutral';
}

/** Whether a name that is called through a variable or callback runs its argument; eval is no function. */
export function isSink(name: string): boolean {
  return COMMANDS.has(name) || (CODE.has(name) && name !== 'eval');
}

/** Whether a regular expression literal has the modifier `e`, which runs the replacement as code (PHP below 7). */
export function hasEvalModifier(pattern: string): boolean {
  const opening = pattern.trimStart().charAt(0);
  const closing = { '(': ')', '{': '}', '[': ']', '<': '>' }[opening] ?? opening;
  if (opening === '') return false;
  const modifiers = pattern.slice(pattern.lastIndexOf(closing) + 1);
  return modifiers.length < 16 && modifiers.includes('e');
}
