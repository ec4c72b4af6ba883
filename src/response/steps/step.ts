import { type Incident, PLAN_LABEL, type ResponseStep } from '../../contract/index.ts';
import type { ReplacementRequest } from '../../engine/index.ts';
import { PristineError } from '../../kernel/index.ts';
import type { ResponseDependencies } from '../port.ts';
import type { Progress } from '../progress.ts';

/**
 * A step of a response: it says what it is about to do, does it, and answers with what later steps and a later
 * start need to know. Every step can be run again after a crash without doing anything twice.
 */
export interface Step<Name extends ResponseStep> {
  /** Whether it is a part of this response; a step without this always is. */
  isWanted?(incident: Incident, progress: Progress, deps: ResponseDependencies): Promise<boolean>;
  /** What is about to happen, for the timeline; null for a step that changes nothing. */
  intent(incident: Incident, progress: Progress): string | null;
  run(incident: Incident, progress: Progress, deps: ResponseDependencies): Promise<Outcome<Name>>;
}

export interface Outcome<Name extends ResponseStep> {
  /** For the journal. */
  readonly data: NonNullable<Progress[Name]>;
  /** What has happened, for the timeline. */
  readonly text: string;
}

/** What an earlier step has left. */
export function required<T>(data: T | undefined, step: ResponseStep): T {
  if (data === undefined) {
    throw new PristineError('E_INTERNAL', `the journal lacks what the step "${step}" left`, {
      next: 'Please report this with the output of "pristine incident ID --json".',
    });
  }
  return data;
}

/** How the replacement of an incident's container is asked for, the same at every attempt. */
export function requestFor({ id, container }: Incident, { decide }: Progress): ReplacementRequest {
  return {
    labels: {
      ...{ 'pristine.incident': id, 'pristine.replaces': container.id },
      ...(decide?.plan && { [PLAN_LABEL]: decide.plan.id }),
    },
    suspectName: `${container.name}-${id}`,
    ...readOnlyAs(decide),
  };
}

function readOnlyAs(decide: Progress['decide']): Pick<ReplacementRequest, 'readOnly' | 'hardening'> {
  if (decide?.plan !== undefined) return { hardening: decide.plan.configuration };
  return decide?.readOnly ? { readOnly: { writable: decide.recovery.writable } } : {};
}

/** Whether an error says that a container is not there any more. */
export function isGone(error: unknown): boolean {
  return error instanceof PristineError && error.code === 'E_NO_SUCH_CONTAINER';
}
