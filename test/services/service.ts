export { file, withPackages } from '../../range/index.ts';

/** A service as Debian packages it, with its data on the root filesystem: the worst case, for no volume hides it. */
export interface Service {
  readonly name: string;
  readonly dockerfile: string;
  readonly command: readonly string[];
  /** Succeeds once the service answers. */
  readonly ready: string;
  /** What its users do, as shell scripts that fail at the first error; run again after a restart. */
  readonly load: readonly string[];
  /** What its operators do: reload, log rotation, backup. */
  readonly operate: readonly string[];
}

/** Requests, eight at a time; fails unless each is answered, and with success. */
export function requests(count: number, url: string): string {
  return `said=$(ab -q -l -n ${count} -c 8 ${url})
echo "$said" | grep -Eq '^Failed requests: +0$' && ! echo "$said" | grep Non-2xx || { echo "$said" >&2; exit 1; }`;
}
