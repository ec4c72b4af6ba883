/** The containers that are attacked, one for each kind of surroundings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startContainer, type TestContainer } from '../support/engine.ts';
import type { Surroundings } from './attack.ts';

export interface Attacked extends AsyncDisposable {
  readonly names: readonly string[];
  name(where: Surroundings): string;
}

/** Starts them; they are removed at the end of the scope. */
export async function startContainers(image: string): Promise<Attacked> {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-test-bind-'));
  const unconfined = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'];
  const options: Record<Surroundings, string[]> = {
    default: [],
    mounts: ['--tmpfs', '/mem:exec', '-v', '/vol', '-v', `${folder}:/bind`],
    unconfined,
    admin: [...unconfined, '--cap-add', 'SYS_ADMIN', '--cap-add', 'SYS_PTRACE', '-v', '/vol'],
  };
  const command = ['sh', '-c', '[ -x /opt/autorun ] && /opt/autorun; exec sleep infinity'];
  const started = new Map<Surroundings, TestContainer>();
  for (const [where, given] of Object.entries(options)) {
    const container = await startContainer({ image, options: given, command });
    started.set(where as Surroundings, container);
  }
  return {
    names: [...started.values()].map(({ name }) => name),
    name(where) {
      const container = started.get(where);
      if (container === undefined) throw new Error(`no container for ${where}`);
      return container.name;
    },
    async [Symbol.asyncDispose]() {
      for (const container of started.values()) await container[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
