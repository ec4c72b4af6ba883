import { z } from 'zod';
import { messageOf } from '../kernel/index.ts';

/** What is wrong with a document, in one short line. */
export function briefly(error: unknown): string {
  const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
  const text = issue === undefined ? messageOf(error) : `${issue.path.join('.')}: ${issue.message}`;
  return text.split('\n')[0]?.slice(0, 200) ?? '';
}
