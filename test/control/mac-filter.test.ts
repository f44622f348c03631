import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MacFilter, MacSet } from '../../dist/control/index.js';
import { Arena } from '../../dist/sys/index.js';

const FRAME = 64;
const PACKETS = 32;
/** Few addresses, so that many packets are to or from a member; pairs of them end in the same four bytes, which a filter looks at. */
const address = fc.nat(300);
const bytesOf = (number: number) => [number & 1 ? 2 : 6, 0, 0, 0, number >> 9, (number >> 1) & 255];
const text = (number: number) =>
  bytesOf(number)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(':');

test('it finds the packets to or from a member, in order, also after the set has changed', () => {
  using arena = Arena.create();
  const bytes = arena.allocate(PACKETS * FRAME);
  const numbers = (count: number) => {
    const memory = arena.allocate(4 * count);
    return new Uint32Array(memory.buffer, memory.byteOffset, count);
  };
  const packets = { addresses: numbers(PACKETS), bytes, scratch: numbers(PACKETS) };
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
          bytes.set([...bytesOf(destination), ...bytesOf(source)], at);
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
