import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeGeneric } from '../../dist/netdev/generic-netlink.js';
import { decodeLink, decodeMove } from '../../dist/netdev/link-message.js';
import { decodeNeighbour } from '../../dist/netdev/neighbours.js';
import { Attributes, PayloadWriter } from '../../dist/netdev/netlink-attributes.js';
import {
  decodeMessages,
  decodeStatus,
  encodeMessage,
  NLMSG_DONE,
  NLMSG_ERROR,
} from '../../dist/netdev/netlink-codec.js';
import { decodeRoute } from '../../dist/netdev/route-message.js';
import { decodeXdpFeatures } from '../../dist/netdev/xdp-features.js';
import { XdpError } from '../../dist/sys/index.js';

const bytes = (maxLength = 300) => fc.uint8Array({ maxLength });
const type = fc.integer({ min: 1, max: 0x3fff });

function throwsOnlyXdpErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(XdpError);
    expect((error as XdpError).code).toBe('XDP_ERR_NETLINK');
  }
}

describe('round trips', () => {
  test('messages, several in one datagram', () => {
    const message = fc.record({
      type: fc.integer({ min: 0, max: 0xffff }),
      flags: fc.integer({ min: 0, max: 0xffff }),
      sequence: fc.integer({ min: 0, max: 0xffffffff }),
      port: fc.integer({ min: 0, max: 0xffffffff }),
      payload: bytes(60),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const datagram = Buffer.concat(messages.map(encodeMessage));
        expect(decodeMessages(datagram).map((m) => ({ ...m, payload: Uint8Array.from(m.payload) }))).toEqual(messages);
      }),
    );
  });

  test('attributes of every kind, behind a structure and nested', () => {
    const values = fc.record({
      structure: bytes(20),
      u8: fc.integer({ min: 0, max: 0xff }),
      u16: fc.integer({ min: 0, max: 0xffff }),
      u32: fc.integer({ min: 0, max: 0xffffffff }),
      u64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      text: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      raw: bytes(),
    });
    fc.assert(
      fc.property(values, ({ structure, u8, u16, u32, u64, text, raw }) => {
        const write = (writer: PayloadWriter) =>
          writer.u8(1, u8).u16(2, u16).u32(3, u32).u64(4, u64).string(5, text).bytes(6, raw).flag(7);
        const payload = write(new PayloadWriter(structure)).nested(8, write, structure).finish();
        const behind = Math.ceil(structure.length / 4) * 4;
        const outer = Attributes.decode(payload, behind);
        for (const read of [outer, Attributes.decode(outer.bytes(8)!, behind)]) {
          expect([read.u8(1), read.u16(2), read.u32(3), read.u64(4)]).toEqual([u8, u16, u32, u64]);
          expect(read.string(5)).toBe(text);
          expect(Uint8Array.from(read.bytes(6)!)).toEqual(raw);
          expect([read.has(7), read.has(9)]).toEqual([true, false]);
        }
        expect(outer.entries.map((entry) => entry.type)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      }),
    );
  });

  test('a value too short reads as absent', () => {
    const read = Attributes.decode(new PayloadWriter().u8(1, 7).finish());
    expect([read.u16(1), read.u32(1), read.i32(1), read.u64(1)]).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('of an attribute that comes twice the last counts', () => {
    const read = Attributes.decode(new PayloadWriter().u32(1, 7).u32(1, 8).finish());
    expect(read.u32(1)).toBe(8);
    expect(read.entries).toHaveLength(2);
  });

  test('an attribute that no length field can express is refused', () => {
    expect(() => new PayloadWriter().bytes(1, new Uint8Array(0x10000))).toThrow(XdpError);
  });
});

describe('bytes as the kernel lays them out', () => {
  // include/uapi/linux/netlink.h: the length counts the header, not the padding.
  test('a message with one string attribute', () => {
    const payload = new PayloadWriter().string(3, 'lo').finish();
    const message = encodeMessage({ type: 18, flags: 5, sequence: 1, port: 0, payload });
    expect(Buffer.from(message).toString('hex')).toBe('18000000120005000100000000000000070003006c6f0000');
  });

  const request = Buffer.from('20000000100005000100000000000000', 'hex');
  const words = new PayloadWriter().string(1, 'no such thing').finish();
  const errno = Uint8Array.of(0xea, 0xff, 0xff, 0xff);
  const status = (messageType: number, flags: number, ...parts: Uint8Array[]) =>
    decodeStatus({ type: messageType, flags, sequence: 1, port: 0, payload: Buffer.concat(parts) });

  test('an error with the request capped, and with all of it', () => {
    expect(status(NLMSG_ERROR, 0x300, errno, request, words)).toEqual({ errno: 22, reason: 'no such thing' });
    expect(status(NLMSG_ERROR, 0x200, errno, request, Buffer.alloc(16), words)).toEqual({
      errno: 22,
      reason: 'no such thing',
    });
    expect(status(NLMSG_ERROR, 0x100, errno, request)).toEqual({ errno: 22, reason: undefined });
  });

  test('the end of a dump that failed, and of one that did not', () => {
    expect(status(NLMSG_DONE, 0x200, errno, words)).toEqual({ errno: 22, reason: 'no such thing' });
    expect(status(NLMSG_DONE, 0, new Uint8Array(4))).toEqual({ errno: 0, reason: undefined });
  });
});

describe('garbage', () => {
  const status = fc.record({
    type: fc.constantFrom(NLMSG_ERROR, NLMSG_DONE),
    flags: fc.constantFrom(0, 0x100, 0x200, 0x300),
    sequence: fc.constant(1),
    port: fc.constant(0),
    payload: fc.oneof(
      bytes(),
      bytes(40).map((tail) => Buffer.concat([Buffer.alloc(4), Buffer.alloc(4, 0xff), tail])),
    ),
  });

  test('never throws anything but XDP_ERR_NETLINK', () => {
    fc.assert(
      fc.property(bytes(), status, fc.nat(20), type, (data, message, offset, wanted) => {
        throwsOnlyXdpErrors(() => decodeMessages(data));
        throwsOnlyXdpErrors(() => decodeStatus(message));
        throwsOnlyXdpErrors(() => Attributes.decode(data, offset).nested(wanted));
        throwsOnlyXdpErrors(() => decodeLink(data, () => ({ queues: undefined, driver: undefined })));
        throwsOnlyXdpErrors(() => decodeMove(data));
        throwsOnlyXdpErrors(() => decodeRoute(data));
        throwsOnlyXdpErrors(() => decodeNeighbour(data));
        throwsOnlyXdpErrors(() => decodeXdpFeatures(decodeGeneric(data).attributes));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a link message with a few bytes changed', () => {
    const message = new PayloadWriter(new Uint8Array(16))
      .string(3, 'eth0')
      .bytes(1, Uint8Array.of(2, 0, 0, 0, 0, 1))
      .nested(18, (info) => info.string(1, 'veth').nested(2, (data) => data.u32(1, 1)))
      .nested(43, (xdp) => xdp.u8(2, 1).u32(4, 7).u32(5, 7))
      .finish();
    const changes = fc.array(fc.tuple(fc.nat(message.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, fc.nat(message.length), (list, length) => {
        const broken = message.slice(0, length);
        for (const [at, value] of list) if (at < length) broken[at] = value;
        throwsOnlyXdpErrors(() => decodeLink(broken, () => ({ queues: undefined, driver: undefined })));
      }),
      { numRuns: 2_000 },
    );
  });
});
