import { z } from 'zod';

/** Keys that a schema knows at a path; empty where it knows none by name. */
export function knownKeys(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  let current: unknown = schema;
  for (const part of path) current = member(plain(current), part);
  const at = plain(current);
  const objects = alternatives(at).filter((each) => each instanceof z.ZodObject);
  return [...new Set(objects.flatMap(({ shape }) => Object.keys(shape)))];
}

/** What a value may be that is told apart by one of its members. */
function alternatives(schema: unknown): readonly unknown[] {
  return schema instanceof z.ZodDiscriminatedUnion ? schema.options : [schema];
}

function member(schema: unknown, part: string | number): unknown {
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodObject ? schema.shape[part] : undefined;
}

function plain(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? plain(schema.unwrap()) : schema;
}
