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
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]*@/gi, '$1:***@');
}

/**
 * A command line, fit for a report: values of `--password=…`, `-pSECRET`-like options and of `NAME=value`
 * words are hidden when their name announces a secret.
 */
export function redactCommandLine(words: readonly string[]): string[] {
  let hideNext = false;
  return words.map((word) => {
    if (hideNext) {
      hideNext = false;
      if (!word.startsWith('-')) return '***';
    }
    const option = /^(--?[\w.-]+)(=)?/.exec(word);
    if (option?.[1] !== undefined && isSecretName(option[1])) {
      if (option[2] === '=') return `${option[1]}=***`;
      hideNext = true;
      return word;
    }
    return redactAssignment(word);
  });
}
