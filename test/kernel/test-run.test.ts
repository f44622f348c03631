// needs: bpftool
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Assembler, Helper, R0, R1, R2, R3, R4, R6, R7, XdpAction, XdpContext } from '../../dist/ebpf/index.js';
import { TestRun, XdpLink, type XdpProgram } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { failOnLeaks, kernelIs } from '../netdev/oracle.js';
import { bpftool } from './bpftool.js';
import { FarEnd, testFrame } from './far-end.js';
import { counting, countsMap, readCounts, returning, written } from './programs.js';

failOnLeaks();
const packet = testFrame(7, 60);
const errno = (errnoName: string) => expect.objectContaining({ errnoName });

/** R2 = the packet, if it has `length` bytes; otherwise the program ends with 0. R6 = the context. */
const open = (a: Assembler, length: number) => {
  const short = a.fresh('short');
  const go = a.fresh('go');
  a.mov(R6, R1).load('u32', R2, R1, XdpContext.data).load('u32', R3, R1, XdpContext.dataEnd);
  a.mov(R4, R2).alu('+', R4, length).jump('<=', R4, R3, go);
  return a.label(short).mov(R0, 0).exit().label(go);
};

describe('one packet', () => {
  test.each([0, 1, 2, 3, 4, 77, 0xffffffff])('returns %i', (action) => {
    using program = written((a) => a.mov32(R0, action).exit());
    const result = new TestRun(program).run(packet);
    expect(result.action).toBe(action);
    expect(result.packet).toEqual(packet);
    expect(result.metadata).toHaveLength(0);
    expect(result.duration).toBeGreaterThan(0);
  });

  test('shows what the program writes, and leaves ours alone', () => {
    using program = written((a) => open(a, 20).store('u32', R2, 16, 0x04030201).mov(R0, 2).exit());
    const run = new TestRun(program);
    const ours = packet.slice();
    const after = packet.slice();
    after.set([1, 2, 3, 4], 16);
    expect(run.run(ours)).toMatchObject({ action: 2, packet: after });
    expect(ours).toEqual(packet);
    expect(run.run(packet.subarray(0, 19))).toMatchObject({ action: 0, packet: packet.subarray(0, 19) });
  });

  const resizing = (head: number, tail: number) =>
    written((a) => {
      a.mov(R6, R1).mov(R2, head).call(Helper.xdpAdjustHead).mov(R7, R0);
      return a.mov(R1, R6).mov(R2, tail).call(Helper.xdpAdjustTail).alu('|', R0, R7).exit();
    });

  test.each([
    [14, 0],
    [-216, 0],
    [0, -46],
    [0, 3000],
    [-216, 3404],
  ])('that begins %i bytes later and ends %i bytes later', (head, tail) => {
    using program = resizing(head, tail);
    const result = new TestRun(program).run(packet);
    expect(result.action).toBe(0);
    expect(result.packet).toHaveLength(packet.length - head + tail);
    const kept = result.packet.subarray(Math.max(0, -head)).subarray(0, packet.length - Math.max(0, head));
    expect(kept.subarray(0, 14)).toEqual(packet.subarray(Math.max(0, head)).subarray(0, 14));
  });

  test('of any length: what does not fit into a page becomes fragments', () => {
    using program = written((a) => a.call(Helper.xdpGetBuffLen).exit(), {}, { fragments: true });
    const run = new TestRun(program);
    for (const length of [16, 17, 1514, 3520, 3521, 4096, 9014, 65_535, 60, 64]) {
      const long = testFrame(length & 255, length);
      const result = run.run(long);
      expect(result.action).toBe(length);
      expect(Buffer.compare(result.packet, long)).toBe(0);
    }
    expect(run.run(packet.subarray(0, 14)).action).toBe(14);
    expect(() => run.run(packet.subarray(0, 13))).toThrow(/at least 14 bytes, not 13/);
    expect(() => run.run(new Uint8Array(100_000))).toThrow(errno('ENOMEM'));
  });

  test('a million-case comparison has one set of buffers', () => {
    using program = written((a) =>
      open(a, 14).load('u16', R4, R2, 12).store('u16', R2, 0, R4).alu('&', R4, 3).mov(R0, R4).exit(),
    );
    const run = new TestRun(program);
    const rounds = process.env['XDPKIT_LONG'] ? 1_000_000 : 5_000;
    const input = new Uint8Array(1500);
    let wrong = 0;
    const before = process.memoryUsage();
    for (let i = 0; i < rounds; i++) {
      input.set([i, i >> 8, i >> 16], 12);
      const { action, packet: output } = run.run(input.subarray(0, 14 + (i % 1400)));
      if (action !== (i & 3) || output[0] !== (i & 255) || output.length !== 14 + (i % 1400)) wrong++;
    }
    expect(wrong).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(1 << 20);
  });
});

describe('metadata', () => {
  test('goes in and comes out', () => {
    // Passes what it found in the metadata's first byte, and adds four bytes in front.
    using program = written((a) => {
      a.mov(R6, R1).load('u32', R2, R1, XdpContext.dataMeta).load('u32', R3, R1, XdpContext.data);
      a.mov(R4, R2).alu('+', R4, 1).mov(R0, 0).jump('>', R4, R3, 'none').load('u8', R7, R2, 0);
      a.mov(R1, R6).mov(R2, -4).call(Helper.xdpAdjustMeta).mov(R0, R7);
      return a.label('none').exit();
    });
    const run = new TestRun(program);
    expect(run.run(packet)).toMatchObject({ action: 0, packet });
    const metadata = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
    const result = run.run(packet, { metadata });
    expect(result.action).toBe(9);
    expect(result.packet).toEqual(packet);
    expect(result.metadata).toHaveLength(12);
    expect(result.metadata.subarray(4)).toEqual(metadata);
    expect(run.run(packet).metadata).toHaveLength(0);
  });

  test('of lengths that the kernel takes', () => {
    using program = returning(XdpAction.pass);
    const run = new TestRun(program);
    // Older kernels have a limit of their own.
    const longest = new Uint8Array(kernelIs(6, 12) ? 216 : 32).fill(3);
    expect(run.run(packet, { metadata: longest })).toMatchObject({ packet, metadata: longest });
    for (const length of [2, 217, 220])
      expect(() => run.run(packet, { metadata: new Uint8Array(length) })).toThrow(RangeError);
  });
});

test('bpftool sees the same', () => {
  using program = written((a) =>
    open(a, 14).store('u8', R2, 3, 0x5a).mov(R1, R6).mov(R2, 20).call(Helper.xdpAdjustTail).mov(R0, 3).exit(),
  );
  const ours = new TestRun(program).run(packet);
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-'));
  try {
    writeFileSync(`${directory}/in`, packet);
    const { retval } = bpftool(
      `prog run id ${program.info.id} data_in ${directory}/in data_out ${directory}/out data_size_out 4096`,
    );
    expect(ours.action).toBe(retval);
    expect(Buffer.compare(ours.packet, readFileSync(`${directory}/out`))).toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('repetitions are counted and timed', () => {
  using counts = countsMap(1);
  using program = counting(counts, 0, XdpAction.drop);
  const run = new TestRun(program);
  const { duration, action } = run.run(packet, { repeat: 10_000 });
  expect(action).toBe(XdpAction.drop);
  expect(readCounts(counts)).toEqual([10_000]);
  expect(duration).toBeGreaterThan(0);
  expect(duration).toBeLessThan(10_000);
});

test('programs that only a device, or a map of devices, can run', () => {
  using program = written((a) => a.mov(R0, 2).exit(), {}, { attachTo: 'devmap' });
  expect(() => new TestRun(program).run(packet)).toThrow(errno('EINVAL'));
});

test('a closed program', () => {
  const program = returning(XdpAction.pass);
  const run = new TestRun(program);
  program.close();
  expect(() => run.run(packet)).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
});

describe('on an interface', () => {
  let lab: Lab;
  let netns: string;
  let far: string;
  beforeEach(() => {
    lab = createLab('run');
    netns = lab.namespace('near');
    far = lab.namespace('far');
    for (const name of ['port0', 'port1'])
      lab.veth({ name, netns, queues: 4, peer: { name: name.replace('port', 'eth'), netns: far, queues: 4 } });
  });
  afterEach(() => lab.close());
  const index = (name: string) => getLink(name, { netns }).index;
  const inside = <T>(run: () => T) => withNamespace<T>(netns, run as () => never);

  test('the context names it, and the queue', () => {
    using program = written((a) =>
      open(a, 20)
        .load('u32', R4, R6, XdpContext.ingressIfindex)
        .store('u32', R2, 12, R4)
        .load('u32', R4, R6, XdpContext.rxQueueIndex)
        .store('u32', R2, 16, R4)
        .mov(R0, 2)
        .exit(),
    );
    const run = new TestRun(program);
    const seen = (ingressIfindex?: number, rxQueueIndex?: number) =>
      inside(() => [...new Uint32Array(run.run(packet, { ingressIfindex, rxQueueIndex }).packet.slice(12, 20).buffer)]);
    expect(seen(index('port0'), 3)).toEqual([index('port0'), 3]);
    expect(seen(index('port1'))).toEqual([index('port1'), 0]);
    expect(seen()).toEqual([1, 0]);
    expect(() => seen(index('port0'), 4)).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_QUEUE' }));
    expect(() => seen(99_999)).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_INTERFACE' }));
    expect(() => seen(undefined, 1)).toThrow(RangeError);
  });

  /** Attached, a program is spared the 24 ms that patching the dispatcher takes. */
  const attached = (program: XdpProgram) =>
    inside(() => XdpLink.attach(program, getLink('port0', { netns }), 'native'));

  test('live frames go out of the interface they came in by', async () => {
    using counts = countsMap(1);
    using program = counting(counts, 0, XdpAction.tx);
    using _link = attached(program);
    using end = new FarEnd(getLink('eth0', { netns: far }).index, far);
    using receiver = returning(XdpAction.pass);
    using _far = withNamespace<XdpLink>(far, () => XdpLink.attach(receiver, getLink('eth0', { netns: far }), 'native'));
    const run = new TestRun(program);
    let expected = 0;
    const frames: Uint8Array[] = [];
    for (const [count, batchSize] of [[1], [64], [65], [50, 1], [100, 100], [200, 256]] as const) {
      const result = inside(() => run.live(packet, { count, batchSize, ingressIfindex: index('port0') }));
      expect(result.interrupted).toBe(false);
      expected += count;
      expect(readCounts(counts)).toEqual([expected]);
      await expect.poll(() => frames.push(...end.received()), { interval: 1 }).toBe(expected);
    }
    expect(frames.every((frame) => Buffer.compare(frame, packet) === 0)).toBe(true);
    expect(inside(() => run.live(packet, { count: 0 }))).toEqual({ interrupted: false, duration: 0 });
  });

  test('live frames go up into the host', async () => {
    using program = returning(XdpAction.pass);
    using host = new FarEnd(index('port1'), netns);
    const frames: Uint8Array[] = [];
    inside(() => new TestRun(program).live(packet, { count: 100, ingressIfindex: index('port1') }));
    await expect.poll(() => frames.push(...host.received()), { interval: 1 }).toBe(100);
    expect(frames.every((frame) => Buffer.compare(frame, packet) === 0)).toBe(true);
  });

  test('live frames of sizes that fit into a page', () => {
    using program = returning(XdpAction.drop);
    const run = new TestRun(program);
    const live = (length: number, batchSize?: number) => run.live(new Uint8Array(length), { count: 10, batchSize });
    live(14);
    // All that struct xdp_page_head of 152 bytes (Linux 6.1) leaves of it.
    live(3368);
    expect(() => live(3600)).toThrow(errno('EINVAL'));
    expect(() => live(60, 257)).toThrow(errno('E2BIG'));
    expect(() => live(13)).toThrow(RangeError);
  });

  test('a signal ends live frames early, and repetitions with an error', async () => {
    using program = returning(XdpAction.drop);
    using _link = attached(program);
    const run = new TestRun(program);
    const interrupted = async (call: () => unknown) => {
      const kill = spawn('sh', ['-c', `sleep 0.1; kill -USR2 ${process.pid}`]);
      const exit = once(kill, 'exit');
      const signal = once(process, 'SIGUSR2');
      try {
        return call();
      } finally {
        await Promise.all([exit, signal]);
      }
    };
    const count = 2 ** 31;
    expect(await interrupted(() => run.live(packet, { count }))).toEqual({ interrupted: true, duration: 0 });
    await expect(interrupted(() => run.run(packet, { repeat: count }))).rejects.toThrow(errno('EINTR'));
  });
});
