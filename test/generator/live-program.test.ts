import fc from 'fast-check';
import { expect, test } from 'vitest';
import { link } from '../../dist/ebpf/index.js';
import {
  type FrameDescription,
  FrameWriter,
  Measure,
  parseFrameFields,
  planFrames,
} from '../../dist/generator/index.js';
import { liveProgram } from '../../dist/generator/live-program.js';
import { LiveWord, liveState } from '../../dist/generator/live-state.js';
import { BpfMap, TestRun, XdpProgram } from '../../dist/kernel/index.js';
import { decodeFrame, encodeFrame, type Frame } from '../../dist/wire/index.js';
import { description } from './arbitrary-description.js';

const RUNS = process.env['XDPKIT_LONG'] ? 3000 : 30;
const TX = 3;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A loaded program, which turns one frame after the other out of the same page, as live frames do. */
class Page implements Disposable {
  readonly plan;
  readonly #maps: BpfMap[];
  readonly #program: XdpProgram;
  readonly #run: TestRun;
  #bytes: Uint8Array;

  constructor(description: FrameDescription, stride = 1) {
    this.plan = planFrames(parseFrameFields(description, (key) => key));
    const valueSize = liveState(this.plan, 0).byteLength;
    const state = new BpfMap({ kind: 'array', name: 'state', valueSize, maxEntries: 1 });
    const { cycle, templates } = this.plan;
    const table = new BpfMap({ kind: 'array', name: 'cycle', valueSize: cycle.length, maxEntries: 1 });
    table.update(new Uint8Array(4), Uint8Array.from(cycle));
    this.#maps = [state, table];
    const instructions = link(liveProgram(this.plan, stride), { state: state.fd, cycle: table.fd });
    this.#program = new XdpProgram({ name: 'live', instructions });
    this.#run = new TestRun(this.#program);
    this.#bytes = templates.reduce((a, b) => (b.length > a.length ? b : a)).bytes.slice();
    this.seek(0);
  }

  seek(n: number): void {
    this.#maps[0]!.update(new Uint8Array(4), new Uint8Array(liveState(this.plan, n).buffer));
  }

  next(): Uint8Array {
    const { action, packet } = this.#run.run(this.#bytes);
    expect(action).toBe(TX);
    this.#bytes.set(packet);
    return packet.slice();
  }

  state(word: number): number {
    return Number(Buffer.from(this.#maps[0]!.lookup(new Uint8Array(4))!).readBigUInt64LE(word * 8));
  }

  [Symbol.dispose](): void {
    for (const object of [this.#program, ...this.#maps]) object.close();
  }
}

/** The time that it was stamped with, set to 0, and its checksum computed anew. */
function untimed(bytes: Uint8Array, measures: boolean): Uint8Array {
  if (!measures) return bytes;
  const at = bytes.length - Measure.length + Measure.time;
  expect(Buffer.from(bytes).readBigUInt64BE(at)).toBeGreaterThan(0n);
  const before = decodeFrame(bytes)!;
  const { checksum: _, ...transport } = before.transport as { checksum?: number };
  // It was right before.
  expect(hex(encodeFrame({ ...before, transport } as Frame))).toBe(hex(bytes));
  const cleared = bytes.slice().fill(0, at, at + 8);
  return encodeFrame({ ...decodeFrame(cleared)!, transport } as Frame);
}

// A program compares sizes one after the other, so it has few.
const FEW = ['300', '190:3,200:1', '200:7,576:4,1501:1', 'random:201-216', 'random:300:1,199:2'];
const live = fc
  .tuple(description, fc.constantFrom(...FEW))
  .map(([description, size]): FrameDescription => ({ ...description, size }));
const start = fc.oneof(fc.constant(0), fc.nat(100_000), fc.constantFrom(2 ** 32 - 3, 2 ** 45 + 7));

test('the kernel writes what the frame writer writes, whatever stood in the page before', () => {
  fc.assert(
    fc.property(live, fc.integer({ min: 1, max: 3 }), start, (description, stride, n) => {
      using page = new Page(description, stride);
      const measures = description.payload === 'measure';
      const memory = new Uint8Array(4096);
      const writer = new FrameWriter(page.plan, memory, { stride });
      page.seek(n);
      let bytes = 0;
      for (let i = 0; i < 24; i++) {
        const frame = page.next();
        bytes += frame.length;
        const expected = memory.slice(0, writer.write(n + i * stride, 0, 0));
        expect(hex(untimed(frame, measures))).toBe(hex(expected));
      }
      expect(page.state(LiveWord.next)).toBe(n + 24 * stride);
      if (page.plan.templates.length > 1) expect(page.state(LiveWord.bytes)).toBe(bytes);
    }),
    { numRuns: RUNS },
  );
});

test('a UDP checksum of 0 is written as 0xffff, one of TCP stays 0', () => {
  for (const [protocol, field, zero] of [
    ['udp', 40, 0xffff],
    ['tcp', 50, 0],
  ] as const) {
    using page = new Page({ protocol, sourcePort: '0-65535' });
    const seen = new Set<number>();
    for (let n = 0; n < 65_536; n++) seen.add(Buffer.from(page.next()).readUInt16BE(field));
    expect([seen.has(zero), seen.has(0xffff - zero)]).toEqual([true, false]);
  }
});

test('what live frames can not send is refused', () => {
  const plan = (description: FrameDescription) => planFrames(parseFrameFields(description, (key) => key));
  const usage = (message: RegExp) =>
    expect.objectContaining({ code: 'XDP_ERR_USAGE', message: expect.stringMatching(message) });
  expect(() => liveProgram(plan({ size: 3369 }), 1)).toThrow(usage(/too long for live frames/));
  expect(() => liveProgram(plan({ size: '64-100' }), 1)).toThrow(usage(/up to 16 sizes, not 37/));
});
