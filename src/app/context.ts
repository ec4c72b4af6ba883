import { join } from 'node:path';
import type { Engine } from '../engine/index.ts';
import type { EvidenceStore } from '../evidence/index.ts';
import type { Clock, Logger } from '../kernel/index.ts';
import type { Store } from '../store/index.ts';
import { ensureStateDirectory } from './state-directory.ts';

export interface ContextOptions {
  /** Everything Pristine keeps lies below this folder; made with mode 0700 when something is kept. */
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * What use cases share; engine, store and evidence are loaded and opened when first asked for, as a command that
 * needs one of them need not wait for the libraries of the others.
 */
export interface Context extends ContextOptions {
  engine(): Promise<Engine>;
  store(): Promise<Store>;
  evidence(): Promise<EvidenceStore>;
  close(): Promise<void>;
}

export function createContext(options: ContextOptions): Context {
  const { stateDirectory, env, clock } = options;
  let engine: Promise<Engine> | undefined;
  let store: Promise<Store> | undefined;
  let evidence: Promise<EvidenceStore> | undefined;

  return {
    ...options,
    engine: () => {
      engine ??= import('../engine/index.ts').then(({ findEngine }) => findEngine({ env, stateDirectory }));
      return engine;
    },
    store: () => {
      store ??= ensureStateDirectory(stateDirectory).then(async () => {
        const { openSqliteStore } = await import('../store/index.ts');
        return openSqliteStore(join(stateDirectory, 'pristine.db'));
      });
      return store;
    },
    evidence: () => {
      evidence ??= ensureStateDirectory(stateDirectory).then(async () => {
        const { createEvidenceStore } = await import('../evidence/index.ts');
        return createEvidenceStore(stateDirectory, { clock });
      });
      return evidence;
    },
    close: async () => {
      const opened = await store?.catch(() => undefined);
      await opened?.close();
    },
  };
}
