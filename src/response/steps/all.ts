import type { ResponseStep } from '../../contract/index.ts';
import { decide } from './decide.ts';
import { capture, verify } from './evidence.ts';
import { compare, dependents, health, prepare, redirect, replace } from './service.ts';
import type { Step } from './step.ts';
import { freeze, keep, lock, remove, stop } from './suspect.ts';

/** Every step by its name. */
export const STEPS: { readonly [Name in ResponseStep]: Step<Name> } = {
  decide,
  lock,
  prepare,
  redirect,
  freeze,
  capture,
  verify,
  stop,
  replace,
  health,
  compare,
  dependents,
  keep,
  remove,
};
