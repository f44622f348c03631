import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { batchLoops } from '../../dist/pipeline/batch-loops.js';
import { Batch, Umem } from '../../dist/xsk/index.js';

const CAPACITY = 70;
const umem = new Umem({ frames: 1 });
afterAll(() => umem.close());
const batch = new Batch(umem, CAPACITY);
const loops = batchLoops(umem.arena.memory);
const at = batch.egress.byteOffset;

/** Ports and reasons in runs of every length. */
const egress = fc
  .array(fc.tuple(fc.constantFrom(-9, -1, 0, 1, 0x7fff_ffff), fc.integer({ min: 1, max: 9 })), { minLength: 1 })
  .map((runs) => runs.flatMap(([port, length]) => Array.from({ length }, () => port)).slice(0, CAPACITY));

test('the first that is dropped, and the end of a run, from everywhere', () => {
  fc.assert(
    fc.property(egress, (list) => {
      // What stands behind the last one belongs to a batch from before.
      batch.egress.fill(-5).set(list);
      for (let from = 0; from <= list.length; from++) {
        const first = list.findIndex((port, i) => i >= from && port < 0);
        expect(loops.firstDropped(at, from, list.length)).toBe(first < 0 ? list.length : first);
        if (from === list.length) continue;
        const end = list.findIndex((port, i) => i > from && port !== list[from]);
        expect(loops.endOfRun(at, from, list.length)).toBe(end < 0 ? list.length : end);
      }
    }),
  );
});

test('sifted, those that are kept stand together, in order, with all that belongs to them', () => {
  fc.assert(
    fc.property(egress, fc.constantFrom(0, -8), (list, least) => {
      const { addresses, lengths, options, marks, classes } = batch;
      const arrays = [addresses, lengths, options, marks];
      batch.egress.set(list);
      for (const [n, array] of arrays.entries()) array.set(list.map((_, i) => 1000 * n + i));
      classes.set(list.map((_, i) => 255 - i));
      const first = Math.max(
        0,
        list.findIndex((port) => port < least),
      );
      batch.count = list.length;
      batch.sift(first, least);
      const kept = batch.count;
      const stay = [...list.keys()].filter((i) => i < first || list[i]! >= least);
      expect(kept).toBe(stay.length);
      expect([...classes.subarray(0, kept)]).toEqual(stay.map((i) => 255 - i));
      expect([...batch.egress.subarray(0, kept)]).toEqual(stay.map((i) => list[i]));
      for (const [n, array] of arrays.entries()) {
        expect([...array.subarray(0, kept)]).toEqual(stay.map((i) => 1000 * n + i));
      }
    }),
  );
});
