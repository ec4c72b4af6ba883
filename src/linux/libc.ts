/** The C library, for the system calls that Node lacks. Loaded at first use, so that other systems can start. */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type koffi from 'koffi';
import { PristineError } from '../kernel/index.ts';

type Koffi = typeof koffi;
/** A C function, called synchronously. */
export type NativeFunction = ReturnType<ReturnType<Koffi['load']>['func']>;

const errnoNames = new Map(
  Object.entries(constants.errno)
    // Linux has one number for two names here; manual pages and callers say EAGAIN.
    .filter(([name]) => name !== 'EWOULDBLOCK')
    .map(([name, number]) => [number, name]),
);

let loaded: { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined;

/** koffi and the running process's own C library (glibc or musl). */
export function libc(): { koffi: Koffi; library: ReturnType<Koffi['load']> } {
  if (loaded === undefined) {
    const ffi: Koffi = createRequire(import.meta.url)('koffi');
    loaded = { koffi: ffi, library: ffi.load(null) };
  }
  return loaded;
}

/** A function of the C library by its prototype, looked up at the first call. */
export function native(prototype: string): (...args: unknown[]) => number {
  let target: NativeFunction | undefined;
  return (...args) => {
    target ??= libc().library.func(prototype);
    return Number(target(...args));
  };
}

/**
 * The same for calls that are made a hundred thousand times in a row: nothing lies between the caller and
 * the library. Only for functions whose result is an `int`.
 *
 * @returns a function that answers with the bound one
 */
export function nativeHot(prototype: string): () => NativeFunction {
  let target: NativeFunction | undefined;
  return () => {
    target ??= libc().library.func(prototype);
    return target;
  };
}

/** Name of the calling thread's last error, e.g. `ENOENT`. */
export function errnoName(): string {
  const number = libc().koffi.errno();
  return errnoNames.get(number) ?? `errno ${number}`;
}

/** The error for a system call that has just failed. */
export function syscallError(call: string, name = errnoName()): PristineError {
  return Object.assign(
    new PristineError('E_SYSCALL', `${call} failed: ${name}`, {
      next: 'Run "pristine doctor" to see what this host allows.',
    }),
    { errno: name },
  );
}
