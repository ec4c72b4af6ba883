import { file, withPackages } from '../images/dockerfile.ts';

/** A container that a workload exercises. */
export interface Subject {
  /** False in the first round of a container, true after its restart: what was written must still be there. */
  readonly again: boolean;
  /** Where a port answers, `address:port`. @throws when it is not told */
  place(port: number): string;
  /**
   * Runs a shell script with real clients, which find the service at 127.0.0.1, as they stand in its network.
   * @returns its standard output, trimmed
   * @throws with its standard error when it fails
   */
  client(script: string): Promise<string>;
}

/** A service as a Debian user puts it in a container: nothing is made for a read-only root. */
export interface CorpusService {
  readonly name: string;
  readonly dockerfile: string;
  /** Further options of `docker run`. */
  readonly options?: readonly string[];
  /** What it needs beside it, on a network of the user's, by the name that it answers to. */
  readonly companion?: { readonly alias: string; readonly service: CorpusService };
  /** Uses it as its clients do. @throws when it does not work, or what was written before a restart is gone */
  use(subject: Subject): Promise<void>;
}

interface Recipe {
  readonly packages: string;
  readonly steps?: readonly string[];
  readonly ports: readonly string[];
  readonly command: readonly string[];
  /** A script that prepares the first start and then runs the command, `exec "$@"`. */
  readonly entrypoint?: string;
}

/** The Dockerfile of a service: packages, steps, ports, and what runs in the foreground. */
export function dockerfileOf({ packages, steps = [], ports, command, entrypoint }: Recipe): string {
  const entry =
    entrypoint === undefined
      ? []
      : [
          `${file('/usr/local/bin/entrypoint.sh', entrypoint)} && chmod 755 /usr/local/bin/entrypoint.sh`,
          'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]',
        ];
  return withPackages(
    packages,
    ...steps,
    ...entry,
    `EXPOSE ${ports.join(' ')}`,
    `CMD ${JSON.stringify(command)}`,
  );
}

/** @throws when it is not so */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}
