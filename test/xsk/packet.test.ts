import { describe, expect, test } from 'vitest';
import { Batch, Packet, Umem } from '../../dist/xsk/index.js';

const FRAME = 2048;
/** Two packets in neighbouring frames; every byte of the memory tells its place. */
function make(headroom = 0) {
  const umem = new Umem({ frames: 3, frameSize: FRAME });
  const { bytes } = umem;
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 251;
  const batch = new Batch(umem, 4);
  batch.count = 2;
  batch.addresses.set([256 + headroom, FRAME + 256 + headroom]);
  batch.lengths.set([60, 100]);
  const packet = new Packet(batch, FRAME);
  packet.moveTo(0);
  return { bytes, batch, packet };
}

describe('Packet', () => {
  test('reads big-endian numbers at offsets from its start', () => {
    const { packet, bytes } = make();
    bytes.set([0x80, 0x01, 0x02, 0xff], 256 + 10);
    expect([packet.u8(10), packet.u16(10), packet.u32(10)]).toEqual([0x80, 0x8001, 0x800102ff]);
    packet.moveTo(1);
    expect(packet.u8(0)).toBe((FRAME + 256) % 251);
    expect(packet.length).toBe(100);
  });

  test('reads 0 beyond itself, and writes nothing there', () => {
    const { packet, bytes } = make();
    const before = bytes.slice();
    for (const offset of [-1, 60, 61, FRAME, 1e9, Number.NaN]) {
      expect(packet.u8(offset)).toBe(0);
      packet.setU8(offset, 99);
    }
    expect(packet.u16(59)).toBe(bytes[256 + 59]! << 8);
    packet.setU32(60, 0xffffffff);
    packet.setU16(-2, 0xffff);
    expect(bytes).toEqual(before);
    packet.setU32(58, 0x01020304);
    before.set([1, 2], 256 + 58);
    expect(bytes).toEqual(before);
  });

  test('writes what it reads', () => {
    const { packet } = make();
    packet.setU8(0, 0x1ff);
    packet.setU16(2, 0xfedc);
    packet.setU32(4, 0xdeadbeef);
    expect([packet.u8(0), packet.u16(2), packet.u32(4)]).toEqual([0xff, 0xfedc, 0xdeadbeef]);
  });

  test.each([0, 64])('grows to the end of its frame and not beyond (headroom %d)', (headroom) => {
    const { packet, batch, bytes } = make(headroom);
    const limit = FRAME - 256 - headroom;
    packet.length = limit;
    expect([packet.length, batch.lengths[0]]).toEqual([limit, limit]);
    packet.setU8(limit - 1, 7);
    expect(bytes[FRAME - 1]).toBe(7);
    for (const length of [0, -1, limit + 1, Number.NaN]) {
      expect(() => {
        packet.length = length;
      }).toThrow(RangeError);
    }
    packet.length = 1;
    expect(packet.u8(1)).toBe(0);
    expect(batch.lengths[1]).toBe(100);
  });

  test('a copy stays when the packet has moved on', () => {
    const { packet, bytes } = make();
    const copy = packet.copy();
    bytes.fill(0);
    expect(copy).toHaveLength(60);
    expect(copy[0]).toBe(256 % 251);
    packet.moveTo(1);
    expect(packet.copy()).toEqual(new Uint8Array(100));
    expect(packet.summary()).toBe('00:00:00:00:00:00 > 00:00:00:00:00:00 type 0x0000, 100 bytes');
  });
});
