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

/** A Dockerfile that installs Debian packages and then does `steps`. */
export function withPackages(packages: string, ...steps: readonly string[]): string {
  const install =
    // Java's packages link their manual pages, whose directory a slim image lacks.
    'RUN mkdir -p /usr/share/man/man1 && apt-get update' +
    ` && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages}` +
    ' && rm -rf /var/lib/apt/lists/*';
  return `${['FROM debian:bookworm-slim', install, ...steps].join('\n')}\n`;
}

/** A step of a Dockerfile that writes a file, with no need of a build context. */
export function file(path: string, content: string): string {
  return `RUN mkdir -p $(dirname ${path}) && echo ${Buffer.from(content).toString('base64')} | base64 -d > ${path}`;
}

/** Requests, eight at a time; fails unless each is answered, and with success. */
export function requests(count: number, url: string): string {
  return `said=$(ab -q -l -n ${count} -c 8 ${url})
echo "$said" | grep -Eq '^Failed requests: +0$' && ! echo "$said" | grep Non-2xx || { echo "$said" >&2; exit 1; }`;
}
