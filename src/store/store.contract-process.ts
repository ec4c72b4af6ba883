/** For the contract of stores: how a store is opened, here and in processes that can be killed. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Store } from './port.ts';

export interface StoreUnderTest {
  /** URL of the module that exports `opener`, for processes of their own. */
  readonly module: string;
  readonly opener: string;
  open(location: string): Promise<Store>;
  /** Place of a fresh, empty store, removed when the test is over. */
  location(): Promise<string>;
}

/** Runs a piece of code with `store` open on the same place in a process of its own. */
export function inProcess(subject: StoreUnderTest, location: string, code: string) {
  const program = `const { ${subject.opener}: open } = await import(${JSON.stringify(subject.module)});
    const store = await open(${JSON.stringify(location)});
    ${code}`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return {
    lines: createInterface({ input: child.stdout }),
    kill: () => child.kill('SIGKILL'),
    exit: new Promise<{ code: number | null; stderr: string }>((resolve) => {
      child.on('close', (code) => resolve({ code, stderr }));
    }),
  };
}
