import { randomInt } from 'node:crypto';
import type { Clock } from './clock.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new id such as `inc-20261124t194600-k3f9qz`: sorts by time, can be typed, and is a valid name for a
 * file, an image tag and a container.
 */
export function newId(prefix: 'inc' | 'ev' | 'plan' | 'rep' | 'ntf', clock: Clock): string {
  const time = clock.now().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
  let random = '';
  for (let i = 0; i < 6; i++) random += ALPHABET[randomInt(ALPHABET.length)];
  return `${prefix}-${time}-${random}`;
}
