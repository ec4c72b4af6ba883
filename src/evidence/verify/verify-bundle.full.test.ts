import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testState } from '../../../test/support/evidence.ts';
import { makeSmallBundle, SMALL_BUNDLE } from '../../../test/support/small-bundle.ts';
import { systemClock } from '../../kernel/index.ts';
import { parsePublicKey, publicKeyPath } from '../seal/host-key.ts';
import { createEvidenceStore } from '../store/evidence-store.ts';
import { encodeHeader } from '../tar/header.ts';
import { verifyBundle } from './verify-bundle.ts';

test('a tar with more added files than a call takes arguments is reported, not choked on', async () => {
  using state = testState();
  await makeSmallBundle(state.path);
  const exported = join(state.path, 'x.tar');
  await createEvidenceStore(state.path, { clock: systemClock }).export(SMALL_BUNDLE, exported);
  const sealed = readFileSync(exported).subarray(0, -1024);
  const header = { type: 'file' as const, mode: 0o600, uid: 0, gid: 0, size: 0, mtime: '0.000000000' };
  const added = Array.from({ length: 150_000 }, (_, i) =>
    encodeHeader({ ...header, path: Buffer.from(`added-${i}`) }),
  );
  writeFileSync(exported, Buffer.concat([sealed, ...added, Buffer.alloc(1024)]));
  const publicKey = parsePublicKey(readFileSync(publicKeyPath(state.path), 'utf8'));
  const { problems } = await verifyBundle(exported, { publicKey });
  expect(problems).toHaveLength(150_000);
  expect(problems[0]).toMatchObject({ subject: 'added-0', problem: 'added' });
});
