import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import { makeFile, privateFolder, replaceFile } from '../../linux/index.ts';

export interface HostKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly keyId: string;
}

/** SHA-256 of the key's SubjectPublicKeyInfo in DER, lower-case hex. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Where the public key of a state directory is, in PEM; what `evidence verify` needs elsewhere. */
export function publicKeyPath(stateDirectory: string): string {
  return join(stateDirectory, 'keys', 'host.pub');
}

/**
 * The host's ed25519 key, made at first use: `keys/host.key` (PKCS#8 PEM, mode 0600) and `keys/host.pub`.
 *
 * @throws {PristineError} E_STATE when the key is there but unusable
 */
export async function hostKey(stateDirectory: string): Promise<HostKey> {
  const folder = join(stateDirectory, 'keys');
  const path = join(folder, 'host.key');
  const pem = (await readKey(path)) ?? (await makeKey(folder, path));
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== 'ed25519')
      throw new Error(`not ed25519: ${privateKey.asymmetricKeyType}`);
    const publicKey = createPublicKey(privateKey);
    await keepPublicKey(stateDirectory, publicKey);
    return { privateKey, publicKey, keyId: keyIdOf(publicKey) };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOSPC') throw error;
    throw new PristineError('E_STATE', `the signing key ${path} cannot be used`, {
      next: 'Put the key back from a copy; without it new evidence cannot be tied to older evidence of this host.',
      cause: error,
    });
  }
}

/**
 * A public key from its PEM.
 * @throws {PristineError} E_USAGE when it is no ed25519 public key
 */
export function parsePublicKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`not ed25519: ${key.asymmetricKeyType}`);
    return key;
  } catch (error) {
    throw new PristineError('E_USAGE', 'this is no ed25519 public key in PEM', {
      next: 'Name the file keys/host.pub of the state directory that the evidence was captured with.',
      cause: error,
    });
  }
}

async function readKey(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new PristineError('E_STATE', `the signing key ${path} cannot be read`, {
      next: 'Run Pristine as the user that owns the state directory.',
      cause: error,
    });
  }
}

/** Several processes may want a key at the same moment; all get the first one's. */
async function makeKey(folder: string, path: string): Promise<Buffer> {
  await privateFolder(folder);
  await makeFile(path, () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  return readFile(path);
}

async function keepPublicKey(stateDirectory: string, key: KeyObject): Promise<void> {
  const path = publicKeyPath(stateDirectory);
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== pem) await replaceFile(path, pem, 0o644);
}
