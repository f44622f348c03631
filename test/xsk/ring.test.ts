import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Arena } from '../../dist/sys/index.js';
import {
  ADDRESS_WORDS,
  AddressConsumer,
  AddressProducer,
  DESCRIPTOR_WORDS,
  DescriptorConsumer,
  DescriptorProducer,
  newRing,
} from '../../dist/xsk/index.js';

const overrun = expect.objectContaining({ code: 'XDP_ERR_RING_OVERRUN' });
const SIZE = 8;

const arena = Arena.create();
afterAll(() => arena.close());
const room = arena.allocate(256);
const ROOM = new Uint32Array(room.buffer, room.byteOffset, 64);

/** Numbers in the arena's memory, from a place on that is theirs till the next call for the same one. */
function words(place: number, numbers: ArrayLike<number>): Uint32Array {
  const array = ROOM.subarray(32 * place, 32 * place + numbers.length);
  array.set(numbers);
  return array;
}

/** Where the indices begin: at 0, and where they pass 2^31 and 2^32 after a few entries. */
const start = fc.constantFrom(0, 2 ** 31 - 3, 2 ** 32 - 3, 2 ** 32 - 1);
const operation = fc.record({
  kind: fc.constantFrom('produce', 'consume'),
  want: fc.integer({ min: 0, max: SIZE + 2 }),
  /** How much of what was granted is used. */
  use: fc.integer({ min: 0, max: SIZE }),
});

test('addresses: a ring is a queue of SIZE entries, wherever its indices begin', () => {
  fc.assert(
    fc.property(start, fc.array(operation, { maxLength: 60 }), (begin, operations) => {
      const memory = newRing(arena, SIZE, ADDRESS_WORDS, begin);
      const producer = new AddressProducer(memory);
      const consumer = new AddressConsumer(memory);
      const model: number[] = [];
      let next = 4096;
      for (const { kind, want, use } of operations) {
        if (kind === 'produce') {
          const granted = producer.reserve(want);
          expect(granted).toBe(Math.min(want, SIZE - model.length));
          const count = Math.min(use, granted);
          const addresses = Uint32Array.from({ length: count }, () => (next += 2048));
          producer.write(words(0, addresses).byteOffset, count);
          model.push(...addresses);
          producer.submit(count);
        } else {
          const granted = consumer.peek(want);
          expect(granted).toBe(Math.min(want, model.length));
          const count = Math.min(use, granted);
          for (let i = 0; i < granted; i++) expect(consumer.address(i)).toBe(model[i]);
          const read = words(0, new Uint32Array(granted + 1));
          consumer.read(read.byteOffset + 4, granted, ~4095);
          expect([...read]).toEqual([0, ...model.slice(0, granted).map((address) => address & ~4095)]);
          consumer.release(count);
          model.splice(0, count);
        }
        expect(producer.pending()).toBe(model.length);
        expect(producer.waiting()).toEqual(model);
        expect(consumer.waiting()).toEqual(model);
      }
    }),
    { numRuns: 500 },
  );
});

test('descriptors: address and length arrive together, without options', () => {
  fc.assert(
    fc.property(start, fc.array(fc.integer({ min: 1, max: SIZE }), { maxLength: 20 }), (begin, rounds) => {
      const memory = newRing(arena, SIZE, DESCRIPTOR_WORDS, begin);
      const producer = new DescriptorProducer(memory);
      const consumer = new DescriptorConsumer(memory);
      let number = 0;
      for (const count of rounds) {
        expect(producer.reserve(count)).toBe(count);
        const addresses = Uint32Array.from({ length: count }, (_, i) => 0xffff_f000 + i);
        const lengths = Uint32Array.from({ length: count }, (_, i) => number + i);
        const bytes = lengths.reduce((sum, length) => sum + length, 0);
        expect(producer.put(words(0, addresses).byteOffset, words(1, lengths).byteOffset, count)).toBe(bytes);
        expect(consumer.peek(SIZE)).toBe(count);
        for (let i = 0; i < count; i++) {
          expect([consumer.address(i), consumer.length(i), consumer.options(i)]).toEqual([addresses[i], lengths[i], 0]);
        }
        const read = { addresses: words(0, new Uint32Array(count)), lengths: words(1, new Uint32Array(count)) };
        expect(consumer.take(read.addresses.byteOffset, read.lengths.byteOffset, count)).toBe(bytes);
        expect(read).toEqual({ addresses, lengths });
        number += count;
      }
    }),
  );
});

describe('a ring is not overrun', () => {
  test('by submitting more than was reserved', () => {
    const producer = new AddressProducer(newRing(arena, SIZE, ADDRESS_WORDS));
    expect(() => producer.submit(1)).toThrow(overrun);
    expect(producer.reserve(3)).toBe(3);
    expect(() => producer.submit(4)).toThrow(overrun);
    producer.submit(2);
    producer.submit(1);
    expect(() => producer.submit(1)).toThrow(overrun);
    expect(producer.pending()).toBe(3);
  });

  test('by a reservation that was not granted', () => {
    const producer = new DescriptorProducer(newRing(arena, SIZE, DESCRIPTOR_WORDS, 2 ** 32 - 2));
    expect(producer.reserve(SIZE + 5)).toBe(SIZE);
    producer.submit(SIZE);
    expect(producer.reserve(1)).toBe(0);
    expect(() => producer.submit(1)).toThrow(overrun);
    expect(() => producer.put(words(0, [0]).byteOffset, words(1, [60]).byteOffset, 1)).toThrow(overrun);
  });

  test('by releasing what was not there', () => {
    const memory = newRing(arena, SIZE, ADDRESS_WORDS, 2 ** 32 - 1);
    const producer = new AddressProducer(memory);
    const consumer = new AddressConsumer(memory);
    producer.reserve(2);
    producer.submit(2);
    expect(consumer.peek(5)).toBe(2);
    expect(() => consumer.release(3)).toThrow(overrun);
    consumer.release(2);
    expect(() => consumer.release(1)).toThrow(overrun);
    const descriptors = newRing(arena, SIZE, DESCRIPTOR_WORDS);
    const empty = new DescriptorConsumer(descriptors);
    expect(() => empty.take(words(0, [0]).byteOffset, words(1, [0]).byteOffset, 1)).toThrow(overrun);
    const out = new DescriptorProducer(newRing(arena, SIZE, DESCRIPTOR_WORDS));
    out.reserve(1);
    expect(() => out.pass(empty, 1)).toThrow(overrun);
  });
});

test('either side may begin with a ring that is in use', () => {
  const memory = newRing(arena, SIZE, ADDRESS_WORDS, 2 ** 32 - 4);
  const first = new AddressProducer(memory);
  first.reserve(6);
  const addresses = Array.from({ length: 6 }, (_, i) => i * 2048);
  first.write(words(0, addresses).byteOffset, 6);
  first.submit(6);
  const second = new AddressProducer(memory);
  expect(second.pending()).toBe(6);
  expect(second.reserve(SIZE)).toBe(2);
  expect(new AddressConsumer(memory).waiting()).toEqual([0, 2048, 4096, 6144, 8192, 10240]);
});

test('the wake-up flag', () => {
  const memory = newRing(arena, SIZE, ADDRESS_WORDS);
  const producer = new AddressProducer(memory);
  expect(producer.needsWakeup()).toBe(false);
  producer.setNeedsWakeup(true);
  expect(new AddressProducer(memory).needsWakeup()).toBe(true);
  producer.setNeedsWakeup(false);
  expect(producer.needsWakeup()).toBe(false);
});
