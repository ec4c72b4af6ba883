import { open } from 'node:fs/promises';
import type { SecretSource } from '../contract/index.ts';
import { systemErrorCode } from '../kernel/index.ts';
import { DeliveryError } from './port.ts';

/** Far more than any secret or address has. */
const MAX_BYTES = 64 * 1024;

/**
 * What a source holds now, without white space around it: read anew each time, so that a secret can be changed
 * while the guard runs.
 *
 * @throws {DeliveryError} when there is nothing, naming the place and not the content
 */
export async function readSecret(
  source: SecretSource,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if ('value' in source) return source.value;
  const text = 'env' in source ? env[source.env] : await readStart(source.file);
  const place = 'env' in source ? `the environment variable ${source.env}` : source.file;
  if (text === undefined || text.trim() === '') throw new DeliveryError(`${place} is empty or not there`);
  return text.trim();
}

async function readStart(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    throw new DeliveryError(`${path} cannot be read: ${systemErrorCode(error) ?? 'unknown'}`, {
      cause: error,
    });
  }
}
