const SECRET_NAME = /pass|secret|token|key|credential|auth|cookie|session|dsn|private/i;

/** Whether a name (of an environment variable, a header, an option) announces a secret value. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** `NAME=value` with the value hidden when the name announces a secret or the value holds a URL password. */
export function redactAssignment(assignment: string): string {
  const at = assignment.indexOf('=');
  if (at === -1) return assignment;
  const name = assignment.slice(0, at);
  if (isSecretName(name)) return `${name}=***`;
  return `${name}=${redactUrl(assignment.slice(at + 1))}`;
}

/** Hides the password in every `scheme://user:password@host` of a text. */
export function redactUrl(text: string): string {
  // Without its bound, the scheme would be looked for to the end of a long word from each of its letters.
  return text.replaceAll(/([a-z][a-z0-9+.-]{0,31}:\/\/[^\s:/@]*):[^\s/@]*@/gi, '$1:***@');
}

/** Programs that take a password as `-pSECRET`. */
const SHORT_PASSWORD_PROGRAM = /(^|\/)(mysql|mariadb|sshpass)[\w-]*$/;

/**
 * A command line, fit for a report: values of `--password=…`, `--password …`, of `-pSECRET` of the programs that
 * know it, of `NAME=value` words whose name announces a secret, and passwords in URLs are hidden; also inside a
 * word that is a script (`sh -c '…'`).
 */
export function redactCommandLine(words: readonly string[]): string[] {
  let hideNext = false;
  let shortPassword = false;
  return words.map((word) => {
    if (hideNext) {
      hideNext = false;
      if (!word.startsWith('-')) return '***';
    }
    if (/\s/.test(word)) return redactScript(word);
    shortPassword ||= SHORT_PASSWORD_PROGRAM.test(word);
    if (shortPassword && /^-p./.test(word)) return '-p***';
    const option = /^(--?[\w.-]+)(=)?/.exec(word);
    if (option?.[1] !== undefined && isSecretName(option[1])) {
      if (option[2] === '=') return `${option[1]}=***`;
      hideNext = true;
      return word;
    }
    return redactUrl(redactAssignment(word));
  });
}

function redactScript(script: string): string {
  const spaces = script.match(/\s+/g) ?? [];
  const words = redactCommandLine(script.split(/\s+/));
  return words.map((word, at) => word + (spaces[at] ?? '')).join('');
}
