import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layersOfOperations } from '../../../test/support/overlay-mount.ts';
import { agreesWithKernel, MOUNT_OPTIONS } from '../../../test/support/overlay-oracle.ts';

describe('the scan of layers made by very many random operations is what the kernel shows', () => {
  test.each(Object.entries(MOUNT_OPTIONS))('%s', async (_, options) => {
    await fc.assert(
      fc.asyncProperty(layersOfOperations, async (layers) => {
        const { scanned, shown } = await agreesWithKernel(layers, options);
        expect(scanned).toEqual(shown);
      }),
      { numRuns: 300 },
    );
  });
});
