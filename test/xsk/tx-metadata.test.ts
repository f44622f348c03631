import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setFeatures } from '../../dist/netdev/index.js';
import { Batch, TxMetadata, Umem, type XskSocket } from '../../dist/xsk/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { buildPacket, type PacketSpec, withChecksum } from '../wire/reference-packet.js';
import { hasTxMetadata, Wire } from './kernel-queue.js';

failOnLeaks();

/** Bytes before the packet in its frame: what the metadata need, and more. */
const PLACE = 64;

let wire: Wire;
beforeEach(() => {
  wire = new Wire();
});
afterEach(() => wire[Symbol.dispose]());

const spec = (version: 4 | 6, protocol: 'udp' | 'tcp', bytes: number): PacketSpec => ({
  version,
  protocol,
  vlanTags: 0,
  source: Uint8Array.from({ length: 16 }, (_, i) => 10 + i),
  destination: Uint8Array.from({ length: 16 }, (_, i) => 60 + i),
  ports: [1000, 2000],
  payload: Uint8Array.from({ length: bytes }, (_, i) => (i * 31) & 255),
  options: [],
  padding: 0,
});

/** Puts a packet into a frame of its own, as the only one of a batch. */
function load(umem: Umem, packet: Uint8Array): Batch {
  const batch = new Batch(umem, 4);
  const address = umem.pool.take() + PLACE;
  umem.bytes.set(packet, address);
  batch.addresses[0] = address;
  batch.lengths[0] = packet.length;
  batch.count = 1;
  return batch;
}

async function arrive(count = 1): Promise<Uint8Array[]> {
  const packets: Uint8Array[] = [];
  await expect.poll(() => packets.push(...wire.far.received()), { interval: 2 }).toBeGreaterThanOrEqual(count);
  return packets;
}

function send(socket: XskSocket, batch: Batch): void {
  expect(socket.transmit(batch, 0, batch.count)).toBe(batch.count);
  expect(socket.flush()).toBe(0);
}

describe.runIf(hasTxMetadata)('in copy mode (Linux 6.11)', () => {
  const kinds = ([4, 6] as const).flatMap((version) =>
    (['udp', 'tcp'] as const).flatMap((protocol) => [0, 1, 1201].map((bytes) => ({ version, protocol, bytes }))),
  );

  test.each(kinds)('the kernel fills in the checksum: IPv$version, $protocol, $bytes bytes', async (kind) => {
    const packet = buildPacket(spec(kind.version, kind.protocol, kind.bytes));
    const start = packet.field - (kind.protocol === 'udp' ? 6 : 16);
    // With `software` in the call that sends; otherwise where the device says that it can't.
    for (const txMetadata of ['software', true] as const) {
      if (txMetadata === true) setFeatures('port0', { 'tx-checksum-ip-generic': false }, { netns: wire.netns });
      using umem = new Umem({ frames: 16, txMetadata });
      using socket = wire.open(umem);
      const batch = load(umem, withChecksum(packet, packet.partial));
      new TxMetadata(umem).requestChecksum(batch, 0, start, packet.field - start);
      send(socket, batch);
      const [arrived] = await arrive();
      expect(Buffer.from(arrived!)).toEqual(Buffer.from(withChecksum(packet, packet.right)));
    }
  });

  test('a packet that asks for nothing leaves as it is', async () => {
    using umem = new Umem({ frames: 16, txMetadata: 'software' });
    using socket = wire.open(umem);
    const packet = buildPacket(spec(4, 'udp', 100));
    send(socket, load(umem, withChecksum(packet, packet.partial)));
    expect(await arrive()).toEqual([withChecksum(packet, packet.partial)]);
  });

  test('the kernel notes down when a packet left, of those that ask for it', async () => {
    using umem = new Umem({ frames: 16, txMetadata: true });
    using socket = wire.open(umem);
    const metadata = new TxMetadata(umem);
    const packet = withChecksum(buildPacket(spec(4, 'udp', 100)), 0);
    const times: bigint[] = [];
    const before = BigInt(Date.now());
    for (const asks of [true, false, true]) {
      const batch = load(umem, packet);
      if (asks) metadata.requestTimestamp(batch, 0);
      send(socket, batch);
      await arrive();
      let back = 0;
      const visit = (address: number) => times.push(asks ? metadata.timestamp(address) : -1n);
      await expect.poll(() => (back += socket.rings.reapEach(16, visit)), { interval: 2 }).toBe(1);
    }
    expect(times).toHaveLength(3);
    expect(times[1]).toBe(-1n);
    // CLOCK_TAI is ahead of UTC by the leap seconds, where the machine knows them.
    const [first, , last] = times.map((time) => time / 1_000_000n);
    expect(first).toBeGreaterThanOrEqual(before - 1n);
    expect(last).toBeLessThanOrEqual(BigInt(Date.now()) + 60_000n);
    expect(times[2]).toBeGreaterThan(times[0]!);
  });

  test('a checksum and a timestamp of one packet', async () => {
    using umem = new Umem({ frames: 16, txMetadata: 'software' });
    using socket = wire.open(umem);
    const metadata = new TxMetadata(umem);
    const packet = buildPacket(spec(4, 'udp', 100));
    const batch = load(umem, withChecksum(packet, packet.partial));
    metadata.requestTimestamp(batch, 0);
    metadata.requestChecksum(batch, 0, packet.field - 6, 6);
    send(socket, batch);
    expect(await arrive()).toEqual([withChecksum(packet, packet.right)]);
    const times: bigint[] = [];
    const visit = (address: number) => times.push(metadata.timestamp(address));
    await expect.poll(() => socket.rings.reapEach(16, visit) + times.length, { interval: 2 }).toBeGreaterThan(0);
    expect(times[0]).toBeGreaterThan(0n);
  });

  test('a time to leave at is passed on: nothing on this way waits for it', async () => {
    using umem = new Umem({ frames: 16, txMetadata: true });
    using socket = wire.open(umem);
    const packet = withChecksum(buildPacket(spec(4, 'udp', 100)), 0);
    const batch = load(umem, packet);
    new TxMetadata(umem).requestLaunchTime(batch, 0, BigInt(Date.now()) * 1_000_000n);
    send(socket, batch);
    expect(await arrive()).toEqual([packet]);
  });
});

describe('refusals', () => {
  const usage = expect.objectContaining({ code: 'XDP_ERR_USAGE' });

  test('a UMEM without room for them', () => {
    using umem = new Umem({ frames: 16 });
    expect(() => new TxMetadata(umem)).toThrow(usage);
  });

  test('a checksum that lies outside the packet, and a packet at an odd address', () => {
    using umem = new Umem({ frames: 16, txMetadata: true });
    const metadata = new TxMetadata(umem);
    const batch = load(umem, new Uint8Array(60));
    for (const [start, offset] of [
      [60, 0],
      [34, 25],
      [-1, 6],
      [34, -1],
      [1.5, 6],
    ] as const) {
      expect(() => metadata.requestChecksum(batch, 0, start, offset)).toThrow(usage);
    }
    expect(batch.options[0]).toBe(0);
    metadata.requestChecksum(batch, 0, 34, 24);
    batch.addresses[0]!++;
    expect(() => metadata.requestTimestamp(batch, 0)).toThrow(usage);
  });
});
