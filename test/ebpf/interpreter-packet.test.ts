import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assembler, Helper, R0, R1, R2, R3, R4, R5, R6, R7, R10, XdpContext } from '../../dist/ebpf/index.js';
import { counted, run } from './interpreting.js';

const { EACCES, EFAULT, EINVAL } = (await import('node:os')).constants.errno;
const adjust =
  (helper: number, by: number) =>
  (a: Assembler): unknown =>
    a.mov(R2, by).call(helper).exit();

describe('the ends of the packet', () => {
  it('move at the head', () => {
    const longer = run(adjust(Helper.xdpAdjustHead, -4));
    expect(longer.action).toBe(0);
    expect([...longer.packet.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 1]);
    expect(run(adjust(Helper.xdpAdjustHead, 10)).packet).toEqual(counted(64).subarray(10));
    for (const [by, action] of [
      [-216, 0],
      [-217, -EINVAL],
      [50, 0],
      [51, -EINVAL],
    ] as const) {
      expect(run(adjust(Helper.xdpAdjustHead, by)).action).toBe(action >>> 0);
    }
  });

  it('take the metadata along', () => {
    const metadata = Uint8Array.of(1, 2, 3, 4);
    const result = run(adjust(Helper.xdpAdjustHead, -8), { arrival: { metadata } });
    expect(result.metadata).toEqual(metadata);
    expect(result.packet).toHaveLength(72);
    expect(run(adjust(Helper.xdpAdjustHead, -216), { arrival: { metadata } }).action).toBe(-EINVAL >>> 0);
  });

  it('move at the tail, where what is new is zero', () => {
    expect([...run(adjust(Helper.xdpAdjustTail, 2)).packet.subarray(62)]).toEqual([62, 63, 0, 0]);
    expect(run(adjust(Helper.xdpAdjustTail, -50)).packet).toEqual(counted(14));
    for (const [by, action] of [
      [-51, -EINVAL],
      [3520 - 64, 0],
      [3521 - 64, -EINVAL],
    ] as const) {
      expect(run(adjust(Helper.xdpAdjustTail, by)).action).toBe(action >>> 0);
    }
  });

  it('have metadata before them', () => {
    const write = (a: Assembler): unknown =>
      a
        .mov(R6, R1)
        .mov(R2, -8)
        .call(Helper.xdpAdjustMeta)
        .load('u32', R2, R6, XdpContext.dataMeta)
        .load('u32', R3, R6, XdpContext.data)
        .store('u32', R2, 0, 0x0403_0201)
        .mov(R0, R3)
        .alu('-', R0, R2)
        .exit();
    const result = run(write);
    expect(result.action).toBe(8);
    expect([...result.metadata]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
    expect(result.packet).toEqual(counted(64));
    for (const [by, action] of [
      [-6, -EACCES],
      [4, -EINVAL],
      [-216, 0],
      [-220, -EINVAL],
    ] as const) {
      expect(run(adjust(Helper.xdpAdjustMeta, by)).action).toBe(action >>> 0);
    }
  });
});

describe('helpers that copy', () => {
  const copy =
    (helper: number, offset: number, length: number) =>
    (a: Assembler): unknown =>
      a
        .mov(R7, R1)
        .store('u64', R10, -8, 0x1122)
        .mov(R2, offset)
        .mov(R3, R10)
        .alu('+', R3, -8)
        .mov(R4, length)
        .call(helper)
        .mov(R6, R0)
        .load('u64', R0, R10, -8)
        .jump('==', R6, 0, 'end')
        .mov(R0, R6)
        .label('end')
        .exit();

  it('load and store bytes of the packet', () => {
    expect(run(copy(Helper.xdpLoadBytes, 10, 2)).action).toBe(0x0b0a);
    expect([...run(copy(Helper.xdpStoreBytes, 62, 2)).packet.subarray(60)]).toEqual([60, 61, 0x22, 0x11]);
    expect(run(copy(Helper.xdpLoadBytes, 63, 2)).action).toBe(-EINVAL >>> 0);
    expect(run(copy(Helper.xdpLoadBytes, 0x10000, 2)).action).toBe(-EFAULT >>> 0);
    expect(run((a) => a.call(Helper.xdpGetBuffLen).exit()).action).toBe(64);
  });
});

describe('bpf_csum_diff', () => {
  const bytes = fc.uint8Array({ maxLength: 64 });
  /** One's complement sum of 16-bit words in host order. */
  const sum = (data: Uint8Array): number => data.reduce((total, byte, i) => total + (byte << (8 * (i & 1))), 0);
  const diff = (from: Uint8Array, to: Uint8Array, seed: number): number =>
    run((a) => {
      for (const [i, byte] of from.entries()) a.store('u8', R10, -128 + i, byte);
      for (const [i, byte] of to.entries()) a.store('u8', R10, -64 + i, byte);
      a.mov(R1, R10).alu('+', R1, -128).mov(R2, from.length);
      a.mov(R3, R10).alu('+', R3, -64).mov(R4, to.length).mov(R5, seed);
      a.call(Helper.csumDiff).exit();
    }).action;

  it('is the difference of two sums', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(0xffff), (from, to, seed) => {
        const expected = seed + sum(to) - sum(from);
        const modulus = 0xffff;
        expect(diff(from, to, seed) % modulus).toBe(((expected % modulus) + modulus) % modulus);
      }),
    );
  });

  it('updates a checksum', () => {
    const before = counted(20);
    const after = Uint8Array.from(before);
    after[8] = 99;
    after[12] = 250;
    expect(diff(before.subarray(8, 16), after.subarray(8, 16), sum(before))).toBe(sum(after));
    expect(diff(new Uint8Array(0), new Uint8Array(0), 0x1_0000)).toBe(1);
  });
});
