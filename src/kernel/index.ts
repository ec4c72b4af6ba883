export { canonicalJson } from './canonical-json.ts';
export { type Clock, systemClock } from './clock.ts';
export { DURATION, parseDuration } from './duration.ts';
export {
  type ErrorCode,
  EXIT,
  messageOf,
  PristineError,
  systemErrorCode,
} from './errors.ts';
export { isExactPath, matchesGlob } from './glob.ts';
export { newId } from './ids.ts';
export { isWithin } from './is-within.ts';
export { createLogger, type Logger } from './log.ts';
export { decodePathBytes, encodePathBytes } from './path-bytes.ts';
export { printable, printableJson } from './printable.ts';
export { isSecretName, redactCommandLine, redactUrl } from './redact.ts';
export { packageRoot, version } from './version.ts';
