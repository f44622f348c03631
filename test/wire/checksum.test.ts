import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChecksumMemory, fold } from '../../dist/wire/index.js';
import { buildPacket, onesComplementSum, type PacketSpec, withChecksum } from './reference-packet.js';

const address = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // Sums of all ones and of zeros are where one's complement has its two zeros.
  fc.constantFrom(0x00, 0xff).map((byte) => new Uint8Array(16).fill(byte)),
);
const spec: fc.Arbitrary<PacketSpec> = fc.record({
  version: fc.constantFrom(4 as const, 6 as const),
  protocol: fc.constantFrom('udp' as const, 'tcp' as const),
  vlanTags: fc.integer({ min: 0, max: 2 }),
  source: address,
  destination: address,
  ports: fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff })),
  payload: fc.uint8Array({ maxLength: 70 }),
  options: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  padding: fc.integer({ min: 0, max: 9 }),
});
const alignment = fc.integer({ min: 0, max: 3 });

/** Puts a packet between canaries, completes it, and looks that nothing else was written. */
function complete(packet: Uint8Array, align: number, canary = 0xa5, room = 64) {
  const start = room + align;
  const bytes = new Uint8Array(start + packet.length + room).fill(canary);
  bytes.set(packet, start);
  const wrote = new ChecksumMemory(bytes).complete(start, packet.length);
  const after = bytes.slice(start, start + packet.length);
  bytes.fill(canary, start, start + packet.length);
  expect(bytes.every((byte) => byte === canary)).toBe(true);
  return { wrote, after: Buffer.from(after).toString('hex') };
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('sum: any range at any alignment', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, from, to) => {
      const [start, end] = [Math.min(from, to, bytes.length), Math.min(Math.max(from, to), bytes.length)];
      expect(new ChecksumMemory(bytes).sum(start, end - start)).toBe(onesComplementSum(bytes.subarray(start, end)));
    }),
    { numRuns: 500 },
  );
});

test('sum: 64 KiB of ones do not overflow', () => {
  const bytes = new Uint8Array(65_540).fill(0xff);
  const memory = new ChecksumMemory(bytes);
  for (const start of [0, 1, 2, 3]) expect(memory.sum(start, 65_535)).toBe(0xff00);
  expect(memory.sum(0, 65_536)).toBe(0xffff);
});

test('sum: memory that begins inside its buffer', () => {
  const buffer = Uint8Array.from({ length: 64 }, (_, i) => i * 7);
  const memory = new ChecksumMemory(buffer.subarray(8, 50));
  expect(memory.sum(3, 20)).toBe(onesComplementSum(buffer.subarray(11, 31)));
});

test('sum: the example of RFC 1071, section 3', () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(new ChecksumMemory(bytes).sum(0, 8)).toBe(0xddf2);
  expect(fold(0x2_ddf0)).toBe(0xddf2);
  expect(fold(0xffff_ffff)).toBe(0xffff);
});

describe('complete', () => {
  test('a partial checksum becomes the right one', () => {
    fc.assert(
      fc.property(spec, alignment, (packet, align) => {
        const reference = buildPacket(packet);
        const { wrote, after } = complete(withChecksum(reference, reference.partial), align);
        expect({ wrote, after }).toEqual({ wrote: true, after: hex(withChecksum(reference, reference.right)) });
      }),
      { numRuns: 1000 },
    );
  });

  test('a right checksum stays, and so does a wrong one', () => {
    fc.assert(
      fc.property(spec, alignment, fc.integer({ min: 0, max: 0xffff }), (packet, align, wrong) => {
        const reference = buildPacket(packet);
        for (const checksum of [reference.right, wrong]) {
          const bytes = withChecksum(reference, checksum);
          const { wrote, after } = complete(bytes, align);
          if (checksum === reference.right) expect(after).toBe(hex(bytes));
          else if (checksum !== reference.partial)
            expect({ wrote, after }).toEqual({ wrote: false, after: hex(bytes) });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a UDP checksum of 0 is written as 0xffff, one of TCP stays 0', () => {
    for (const protocol of ['udp', 'tcp'] as const) {
      const packet: PacketSpec = {
        version: 4,
        protocol,
        vlanTags: 0,
        source: Uint8Array.of(10, 0, 0, 1),
        destination: Uint8Array.of(10, 0, 0, 2),
        ports: [1, 2],
        payload: new Uint8Array(2),
        options: [],
        padding: 0,
      };
      // The payload makes the whole sum 0xffff.
      const { right } = buildPacket(packet);
      const reference = buildPacket({ ...packet, payload: Uint8Array.of(right >> 8, right & 255) });
      expect(reference.right).toBe(protocol === 'udp' ? 0xffff : 0);
      const { after } = complete(withChecksum(reference, reference.partial), 2);
      expect(after).toBe(hex(withChecksum(reference, reference.right)));
    }
  });

  test('UDP without a checksum stays without one', () => {
    fc.assert(
      fc.property(spec, alignment, (packet, align) => {
        const bytes = withChecksum(buildPacket({ ...packet, version: 4, protocol: 'udp' }), 0);
        expect(complete(bytes, align)).toEqual({ wrote: false, after: hex(bytes) });
      }),
    );
  });

  test('a fragment is not touched', () => {
    const fragment = fc.oneof(fc.constant(0x2000), fc.integer({ min: 1, max: 0x3fff }));
    fc.assert(
      fc.property(spec, alignment, fragment, (packet, align, field) => {
        const reference = buildPacket({ ...packet, version: 4, fragment: field });
        const bytes = withChecksum(reference, reference.partial);
        expect(complete(bytes, align)).toEqual({ wrote: false, after: hex(bytes) });
      }),
    );
    const reference = buildPacket({ ...fc.sample(spec, 1)[0]!, version: 6, vlanTags: 0, options: [1] });
    const bytes = withChecksum(reference, reference.partial);
    // The extension header becomes a fragment header (RFC 8200, section 4.5).
    bytes[20] = 44;
    expect(complete(bytes, 0)).toEqual({ wrote: false, after: hex(bytes) });
  });

  test('a truncated packet is not touched, wherever it ends', () => {
    fc.assert(
      fc.property(spec, alignment, (packet, align) => {
        const reference = buildPacket(packet);
        const whole = withChecksum(reference, reference.partial);
        for (let length = 0; length < reference.end; length++) {
          const bytes = whole.slice(0, length);
          expect(complete(bytes, align)).toEqual({ wrote: false, after: hex(bytes) });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('nothing is read beyond the packet: what surrounds it makes no difference', () => {
    const garbage = fc.uint8Array({ maxLength: 120 });
    // Garbage that begins like a packet gets further.
    const damaged = fc
      .tuple(spec, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }))
      .map(([value, bytes]) => {
        const reference = buildPacket(value);
        const packet = withChecksum(reference, reference.partial);
        for (const [at, byte] of bytes) if (at < packet.length) packet[at] = byte;
        return packet;
      });
    fc.assert(
      fc.property(fc.oneof(garbage, damaged), alignment, (packet, align) => {
        const inside = complete(packet, align, 0x00);
        expect(complete(packet, align, 0xff)).toEqual(inside);
        expect(complete(packet, align, 0x06)).toEqual(inside);
        // At the very ends of memory.
        const bytes = packet.slice();
        const wrote = new ChecksumMemory(bytes).complete(0, bytes.length);
        if (align === 0) expect({ wrote, after: hex(bytes) }).toEqual(inside);
      }),
      { numRuns: 1000 },
    );
  });

  test('completing twice changes nothing more', () => {
    fc.assert(
      fc.property(spec, (packet) => {
        const reference = buildPacket(packet);
        const once = complete(withChecksum(reference, reference.partial), 0).after;
        expect(complete(Buffer.from(once, 'hex'), 0).after).toBe(once);
      }),
    );
  });
});
