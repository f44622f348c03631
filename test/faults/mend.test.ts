import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mend } from '../../dist/faults/mend.js';
import { ChecksumMemory, encodeFrame, PacketHeaders } from '../../dist/wire/index.js';
import { Batch, Umem, XDP_PKT_CONTD } from '../../dist/xsk/index.js';
import { ipFrame } from '../wire/arbitrary-frame.js';
import { FaultBench, hex } from './fault-bench.js';

const FIELD: Readonly<Record<number, number>> = { 6: 16, 17: 6, 1: 2, 58: 2 };

const umem = new Umem({ frames: 8, frameSize: 4096 });
const batch = new Batch(umem, 8);

/** Where the checksums of a frame are. */
function fields(bytes: Uint8Array): number[] {
  const { ipVersion, network, protocol, transport } = new PacketHeaders().read(bytes, 0, bytes.length);
  return [...(ipVersion === 4 ? [network + 10] : []), transport + FIELD[protocol]!];
}

/** A copy with other numbers in its checksums. */
function broken(bytes: Uint8Array, wrong: number): Uint8Array {
  const copy = bytes.slice();
  for (const at of fields(bytes)) copy.set([wrong >> 8, wrong & 255], at);
  return copy;
}

/** The packet in a batch, cut after its headers at `cuts`, each part in a frame of its own and at any address. */
function load(packet: Uint8Array, cuts: readonly number[], odd: boolean) {
  const memory = umem.bytes.fill(0);
  const headers = new PacketHeaders().read(packet, 0, packet.length);
  const least = headers.payload < 0 ? packet.length : headers.payload;
  const seams = [...new Set(cuts.map((cut) => Math.min(packet.length - 1, Math.max(least, cut))))].sort(
    (a, b) => a - b,
  );
  const ends = [...seams.filter((seam) => seam >= least && seam > 0 && seam < packet.length), packet.length];
  let from = 0;
  for (const [i, end] of ends.entries()) {
    batch.addresses[i] = i * 4096 + 256 + (odd ? i : 0);
    batch.lengths[i] = end - from;
    batch.options[i] = i < ends.length - 1 ? XDP_PKT_CONTD : 0;
    memory.set(packet.subarray(from, end), batch.addresses[i]);
    from = end;
  }
  batch.count = ends.length;
  const read = () =>
    Uint8Array.from(
      ends.flatMap((_, i) => [...memory.slice(batch.addresses[i]!, batch.addresses[i]! + batch.lengths[i]!)]),
    );
  return { batch, mend: new Mend(new ChecksumMemory(memory)), read };
}

test('a frame whose checksums are broken is what its sender made of it again, also in several frames', () => {
  fc.assert(
    fc.property(
      ipFrame,
      fc.integer({ min: 1, max: 0xffff }),
      fc.array(fc.nat(200), { maxLength: 3 }),
      fc.boolean(),
      (frame, wrong, cuts, odd) => {
        const right = encodeFrame(frame);
        const { batch, mend, read } = load(broken(right, wrong), cuts, odd);
        expect(mend.packet(batch, 0, batch.count)).toBe(true);
        expect(read()).toEqual(right);
      },
    ),
    { numRuns: 500 },
  );
});

const udp = (payload: Uint8Array) =>
  encodeFrame({
    ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' },
    network: { kind: 'ipv4', source: '192.0.2.1', destination: '192.0.2.2' },
    transport: { kind: 'udp', sourcePort: 1, destinationPort: 2 },
    payload,
  });

test('a UDP datagram over IPv4 without a checksum gets none', () => {
  const bytes = udp(Uint8Array.of(1, 2, 3));
  bytes.set([0, 0], 40);
  const { batch, mend, read } = load(bytes, [], false);
  expect(mend.packet(batch, 0, 1)).toBe(true);
  expect(read()).toEqual(bytes);
});

test('nothing is done to what is no whole IP packet', () => {
  const bytes = udp(new Uint8Array(50));
  const fragment = bytes.slice();
  fragment[20] = 0x20;
  const longer = bytes.slice();
  longer[39] = 200;
  for (const packet of [bytes.slice(0, 60), bytes.slice(0, 30), fragment, longer, new Uint8Array(60)]) {
    const { batch, mend, read } = load(packet, [], false);
    expect(mend.packet(batch, 0, 1)).toBe(false);
    // But for the header of IPv4, which is whole in most of them.
    expect(read().subarray(34)).toEqual(packet.subarray(34));
  }
});

test('what a fault breaks stays broken, unless it is to be mended', () => {
  const packets = Array.from({ length: 400 }, (_, i) => udp(new Uint8Array(64).fill(i)));
  const damage = { corruptProbability: 500, corruptAmount: 2, bitflipProbability: 50_000 };
  /** How many of them have right checksums, going by what a mending would change. */
  const right = (sent: FaultBench['sent']) =>
    sent.filter(({ bytes }) => {
      const { batch, mend, read } = load(bytes, [], false);
      return mend.packet(batch, 0, 1) && hex([{ bytes: read() }])[0] === hex([{ bytes }])[0];
    }).length;
  using broken = new FaultBench({ ...damage, seed: 4 });
  broken.pass(packets);
  const { corrupted, bitflipped } = broken.counts;
  using mended = new FaultBench({ ...damage, mendChecksums: 1, seed: 4 });
  mended.pass(packets);
  const damaged = mended.counts.mended + mended.counts.notMended;
  expect(damaged).toBeGreaterThan(250);
  expect(damaged).toBeLessThan(corrupted + bitflipped);
  expect(right(broken.sent)).toBe(400 - damaged);
  expect(right(mended.sent)).toBe(400 - mended.counts.notMended);
  // Where the damage hit a length, nothing can help.
  expect(mended.counts.notMended).toBeLessThan(damaged / 4);
  expect(broken.counts).toMatchObject({ mended: 0, notMended: 0 });
});
