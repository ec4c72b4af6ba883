/** DSSE v1: a payload, its type and signatures over both (https://github.com/secure-systems-lab/dsse). */
import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../kernel/index.ts';
import { keyIdOf } from './host-key.ts';

const STATEMENT_TYPE = 'application/vnd.in-toto+json';

const envelopeSchema = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
});

/** The bytes that are signed: "pre-authentication encoding" of the DSSE protocol. */
function preAuthenticationEncoding(type: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** A signed envelope around an in-toto statement, as one line of canonical JSON. */
export function signEnvelope(payload: Uint8Array, privateKey: KeyObject, keyId: string): string {
  const signature = sign(null, preAuthenticationEncoding(STATEMENT_TYPE, payload), privateKey);
  return `${canonicalJson({
    payload: Buffer.from(payload).toString('base64'),
    payloadType: STATEMENT_TYPE,
    signatures: [{ keyid: keyId, sig: signature.toString('base64') }],
  })}\n`;
}

export interface OpenedEnvelope {
  readonly payload: Buffer;
  /** Null when the one signature is right; otherwise what is wrong with it. */
  readonly wrong: string | null;
}

/**
 * Opens an envelope that {@link signEnvelope} made. Only its one way of writing is accepted, byte for byte,
 * so that no bit of the file is without meaning.
 *
 * @throws {Error} when it is malformed
 */
export function openEnvelope(bytes: Buffer, publicKey: KeyObject): OpenedEnvelope {
  const envelope = parseEnvelope(bytes);
  const payload = strictBase64(envelope.payload);
  const [signature, ...more] = envelope.signatures;
  if (envelope.payloadType !== STATEMENT_TYPE) throw new Error('payload is no in-toto statement');
  if (signature === undefined || more.length > 0) throw new Error('not signed exactly once');
  const keyId = keyIdOf(publicKey);
  if (signature.keyid !== keyId)
    return { payload, wrong: `signed with key ${signature.keyid.slice(0, 80)}, not ${keyId}` };
  const signed = preAuthenticationEncoding(envelope.payloadType, payload);
  const right = verify(null, signed, publicKey, strictBase64(signature.sig));
  return { payload, wrong: right ? null : 'the signature does not fit the statement' };
}

/** The statement in an envelope, whoever signed it. @throws {Error} when it is malformed */
export function envelopePayload(bytes: Buffer): Buffer {
  return strictBase64(parseEnvelope(bytes).payload);
}

function parseEnvelope(bytes: Buffer): z.infer<typeof envelopeSchema> {
  const envelope = envelopeSchema.parse(JSON.parse(bytes.toString('utf8')));
  if (!Buffer.from(`${canonicalJson(envelope)}\n`).equals(bytes)) throw new Error('not in canonical form');
  return envelope;
}

/** Decodes base64 that is written in the one canonical way. */
export function strictBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Error('base64 is not in canonical form');
  return bytes;
}
