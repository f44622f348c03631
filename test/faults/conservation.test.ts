import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FAULT_SETTINGS, type FaultSettings } from '../../dist/faults/index.js';
import { FaultBench, numbered } from './fault-bench.js';

const RUNS = process.env['XDPKIT_LONG'] ? 3000 : 100;

/** Any value of every setting; often none, often all. */
const settings = fc.record(
  Object.fromEntries(
    Object.entries(FAULT_SETTINGS).map(([name, { min, max, initial }]) => {
      // Delays within what a test lets go by.
      const most = name === 'delay' || name === 'jitter' ? 20_000 : max;
      const usual = name === 'enabled' ? fc.constant(1) : fc.constant(initial);
      return [name, fc.oneof(usual, usual, fc.integer({ min, max: most }), fc.constant(most))];
    }),
  ),
) as fc.Arbitrary<FaultSettings>;
const lot = fc.record({
  lengths: fc.array(fc.integer({ min: 14, max: 9000 }), { maxLength: 20 }),
  egress: fc.constantFrom(0, 1, 1, 1, -1, 70_000),
  time: fc.constantFrom(0, 0, 0.01, 1, 30),
});

test('every frame is in one place and every packet accounted for, whatever is set', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ settings, lots: fc.array(lot, { maxLength: 4 }) }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom(0, 3, 40, 200),
      (phases, fragments, holdFrames) => {
        const options = { fragments, frameSize: 4096, frames: 320, holdFrames, batch: 64, log: 1 << 12 };
        using bench = new FaultBench({}, options);
        const { umem, injector } = bench;
        const most = fragments ? 9000 : umem.capacity;
        let packets = 0;
        const expectConserved = () => {
          const { free, held, application, fill, tx } = umem.ledger!.counts();
          expect([application, fill, tx]).toEqual([0, 0, 0]);
          expect([free, held]).toEqual([umem.pool.free, injector.held]);
          expect(free + held).toBe(umem.frames);
          expect(bench.counts.held).toBe(held);
          expect(held).toBeLessThanOrEqual(holdFrames);
        };
        for (const phase of phases) {
          bench.set(phase.settings);
          for (const { lengths, egress, time } of phase.lots) {
            bench.pass(
              lengths.map((length) => numbered(packets++, Math.min(length, most))),
              egress,
            );
            expectConserved();
            bench.runTo(bench.now + time);
            expectConserved();
          }
        }
        injector.releaseAll();
        bench.runTo(bench.now);
        expectConserved();
        expect(injector.held).toBe(0);
        const dropped = [...bench.dropped.values()].reduce((sum, count) => sum + count, 0);
        const counts = bench.counts;
        expect(bench.sent.length + dropped).toBe(packets + counts.duplicated);
        expect(counts.qualified).toBeLessThanOrEqual(packets);
        const own = dropped - (bench.dropped.get(-1) ?? 0);
        expect(counts.dropped + counts.burstLost + counts.holdOverflow).toBe(own);
      },
    ),
    { numRuns: RUNS },
  );
}, 600_000);
