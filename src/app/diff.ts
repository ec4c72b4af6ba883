import type { Drift, Finding } from '../contract/index.ts';
import { dockerDiff } from '../drift/index.ts';
import { assess } from './assess.ts';
import { type ContentDiff, contentDiff } from './content-diff.ts';
import type { Context } from './context.ts';
import { findSubject } from './drift-subject.ts';

export interface DiffResult {
  readonly drift: Drift;
  /** From most to least severe. */
  readonly findings: Finding[];
  /** Changes that are explained, with the explanation. */
  readonly expected: { readonly path: string; readonly because: string }[];
}

/**
 * The drift of a container, or of an evidence bundle, with the rules' word on it.
 *
 * @param reference name or id of a container, or id or path of a bundle
 * @throws {PristineError} E_NO_SUCH_CONTAINER, E_NO_SUCH_BUNDLE
 */
export async function diff(context: Context, reference: string, signal?: AbortSignal): Promise<DiffResult> {
  const subject = await findSubject(context, reference);
  const drift = await subject.scan(signal);
  const { findings, expected } = await assess(subject, drift.changes, context.clock.now());
  return {
    drift,
    findings,
    expected: expected.map(({ change, because }) => ({ path: change.path, because })),
  };
}

/** What `docker diff` would print of the same subject, byte for byte once both are sorted. */
export async function diffAsDocker(
  context: Context,
  reference: string,
  signal?: AbortSignal,
): Promise<string[]> {
  return dockerDiff(await (await findSubject(context, reference)).scan(signal, false));
}

/** One path's content against the image's. */
export async function diffContent(context: Context, reference: string, path: string): Promise<ContentDiff> {
  return contentDiff(await findSubject(context, reference), path);
}
