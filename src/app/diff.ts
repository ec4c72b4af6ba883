import type { Drift, Finding, Policy } from '../contract/index.ts';
import { DEFAULT_POLICY } from '../contract/index.ts';
import { dockerDiff, policyFor } from '../drift/index.ts';
import type { ContainerDetails } from '../engine/index.ts';
import type { DriftReader, ReadOptions } from '../sensor/index.ts';
import { assess } from './assess.ts';
import { type ContentDiff, contentDiff } from './content-diff.ts';
import type { Context } from './context.ts';
import { readerFor, thorough } from './readers.ts';

export interface DiffResult {
  readonly drift: Drift;
  /** From most to least severe. */
  readonly findings: Finding[];
  /** Changes that are explained, with the explanation. */
  readonly expected: { readonly path: string; readonly because: string }[];
}

/** Something whose drift can be read: a container, or sealed evidence of one. */
interface Subject {
  readonly details: ContainerDetails;
  readonly reader: DriftReader;
  readonly policy: Policy;
}

/**
 * The drift of a container, or of an evidence bundle, with the rules' word on it.
 *
 * @param reference name or id of a container, or id or path of a bundle
 * @throws {PristineError} E_NO_SUCH_CONTAINER, E_NO_SUCH_BUNDLE
 */
export async function diff(context: Context, reference: string, signal?: AbortSignal): Promise<DiffResult> {
  const { details, reader, policy } = await subjectOf(context, reference);
  const drift = await reader.scan(details, thorough(signal));
  const { findings, expected } = await assess(details, drift.changes, policy, reader, context.clock.now());
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
  const { details, reader } = await subjectOf(context, reference);
  const options: ReadOptions = { ...thorough(signal), hash: false };
  return dockerDiff(await reader.scan(details, options));
}

/** One path's content against the image's. */
export async function diffContent(context: Context, reference: string, path: string): Promise<ContentDiff> {
  const { details, reader } = await subjectOf(context, reference);
  return contentDiff(reader, details, path);
}

async function subjectOf(context: Context, reference: string): Promise<Subject> {
  const evidence = await context.evidence();
  const bundle = await evidence.resolve(reference);
  if (bundle !== null) {
    return { details: await bundle.details(), reader: bundle.reader(), policy: DEFAULT_POLICY };
  }
  const engine = await context.engine();
  const details = await engine.inspect(reference);
  const policy = policyFor({ version: 1 }, details, details.labels, {});
  return { details, reader: readerFor(details, engine), policy };
}
