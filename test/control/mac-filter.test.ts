import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MacFilter, MacSet } from '../../dist/control/index.js';
import { Arena } from '../../dist/sys/index.js';

const FRAME = 64;
const PACKETS = 32;
const text = (number: number) => `02:00:00:00:${[number >> 8, number & 255].map(hex).join(':')}`;
const hex = (byte: number) => byte.toString(16).padStart(2, '0');
/** Few addresses, so that many packets are to or from a member. */
const address = fc.nat(300);

test('it finds the packets to or from a member, in order, also after the set has changed', () => {
  using arena = Arena.create();
  const bytes = arena.allocate(PACKETS * FRAME);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const numbers = (count: number) => {
    const memory = arena.allocate(4 * count);
    return new Uint32Array(memory.buffer, memory.byteOffset, count);
  };
  const packets = { addresses: numbers(PACKETS), bytes, words, scratch: numbers(PACKETS) };
  const set = new MacSet();
  const filter = new MacFilter(set, arena);
  const packet = fc.record({ destination: address, source: address, offset: fc.nat(40) });
  const members = fc.array(address, { maxLength: 20 });
  fc.assert(
    fc.property(
      members,
      fc.array(packet, { minLength: 1, maxLength: PACKETS }),
      fc.nat(PACKETS),
      fc.boolean(),
      (put, list, skip, empties) => {
        if (empties) set.reset();
        for (const number of put) set.insert(text(number));
        for (const [i, { destination, source, offset }] of list.entries()) {
          const at = i * FRAME + offset;
          packets.addresses[i] = at;
          bytes.set([2, 0, 0, 0, destination >> 8, destination & 255, 2, 0, 0, 0, source >> 8, source & 255], at);
        }
        const from = Math.min(skip, list.length);
        const expected = [...list.keys()]
          .slice(from)
          .filter((i) => set.has(text(list[i]!.destination)) || set.has(text(list[i]!.source)));
        const found = filter.search(packets, from, list.length);
        expect([...packets.scratch.subarray(0, found)]).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
