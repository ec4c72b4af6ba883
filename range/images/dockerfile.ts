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
