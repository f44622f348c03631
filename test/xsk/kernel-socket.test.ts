// needs: ip, ethtool
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { u32 } from '../../dist/kernel/index.js';
import { setLink } from '../../dist/netdev/index.js';
import { calls, Errno } from '../../dist/sys/index.js';
import { Batch, FrameOwner, Poller, Umem, type XskSocket } from '../../dist/xsk/index.js';
import { testFrame } from '../kernel/far-end.js';
import { failOnLeaks, run } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { hasTxBudget, Wire } from './kernel-queue.js';

failOnLeaks();
let wire: Wire;
beforeEach(() => {
  wire = new Wire();
});
afterEach(() => wire[Symbol.dispose]());

const SMALL = { rxSize: 64, txSize: 64, fillSize: 64, completionSize: 64 };
const code = (name: string) => expect.objectContaining({ code: name });

/** The lengths of what the socket receives next, its frames given back. */
async function receive(socket: XskSocket, count: number): Promise<number[]> {
  const { umem } = socket.rings;
  const batch = new Batch(umem, 64);
  const lengths: number[] = [];
  const more = () => {
    for (let i = 0, n = socket.receive(batch); i < n; i++) {
      lengths.push(batch.lengths[i]!);
      umem.ledger?.move(batch.addresses[i]!, FrameOwner.application, FrameOwner.free);
      umem.pool.give(batch.addresses[i]!);
    }
    return lengths.length;
  };
  await expect.poll(more, { interval: 2 }).toBeGreaterThanOrEqual(count);
  return lengths;
}

describe('what the kernel refuses', () => {
  let umem: Umem;
  beforeEach(() => {
    umem = new Umem({ frames: 256 });
  });
  afterEach(() => umem.close());

  test('a queue that is not there; the UMEM can be used afterwards', () => {
    expect(() => wire.open(umem, { queue: 1 })).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_NO_QUEUE', advice: 'see how many it has: ethtool -l port0' }),
    );
    using socket = wire.open(umem);
    expect(socket.queue).toBe(0);
  });

  // Only zero-copy asks for it: in copy mode a socket is bound all the same, and nothing can be sent.
  test('sending on an interface that is down', () => {
    setLink('port0', { up: false }, { netns: wire.netns });
    using socket = wire.open(umem);
    const batch = new Batch(umem, 1);
    batch.addresses[0] = umem.pool.take();
    batch.lengths[0] = 60;
    socket.transmit(batch, 0, 1);
    expect(socket.flush()).toBe(-Errno.ENETDOWN);
    expect(socket.tx!.pending()).toBe(1);
    setLink('port0', { up: true }, { netns: wire.netns });
    expect(socket.flush()).toBe(0);
  });

  test('an interface that went away', () => {
    run(`ip -n ${wire.netns} link del port0`);
    expect(() => wire.open(umem)).toThrow(code('XDP_ERR_INTERFACE_GONE'));
  });

  test('zero-copy on a veth', () => {
    expect(() => wire.open(umem, { zeroCopy: 'on' })).toThrow(code('XDP_ERR_ZEROCOPY_UNSUPPORTED'));
    for (const zeroCopy of ['auto', 'off'] as const) {
      using socket = wire.open(umem, { zeroCopy });
      expect(socket.zeroCopy).toBe(false);
    }
  });

  test('a ring that is no power of two', () => {
    expect(() => wire.open(umem, { rxSize: 100 })).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
  });

  test('a queue that this process holds already', () => {
    using first = wire.open(umem);
    using other = new Umem({ frames: 64 });
    const start = performance.now();
    expect(() => wire.open(other, { patience: 100 })).toThrow(code('XDP_ERR_QUEUE_TAKEN'));
    expect(performance.now() - start).toBeGreaterThan(100);
    expect(first.isClosed).toBe(false);
  });

  test('a queue that another process holds, until that one is killed', async () => {
    const fixture = fileURLToPath(new URL('./queue-holder.mjs', import.meta.url));
    const child: ChildProcess = spawn(process.execPath, [fixture, wire.netns, 'port0', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit');
    try {
      await once(child.stdout!, 'data');
      expect(() => wire.open(umem, { patience: 300 })).toThrow(
        expect.objectContaining({
          code: 'XDP_ERR_QUEUE_TAKEN',
          errnoName: 'EBUSY',
          message: expect.stringContaining('queue 0 of port0'),
        }),
      );
    } finally {
      child.kill('SIGKILL');
    }
    await gone;
    using socket = wire.open(umem);
    expect(socket.isClosed).toBe(false);
  });
});

test('binds again right after it was closed, twenty times, and leaves no descriptor', async () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let round = 0; round < 20; round++) {
    using umem = new Umem({ frames: 64 });
    using socket = wire.open(umem, SMALL);
    socket.rings.refill(4);
    wire.far.send(testFrame(round, 60 + round));
    expect(await receive(socket, 1)).toEqual([60 + round]);
  }
  expect(descriptors()).toBe(before);
});

test('closing takes the socket out of the map, and the memory of its rings away', () => {
  using umem = new Umem({ frames: 64 });
  const socket = wire.open(umem, SMALL);
  const { fill } = socket.rings;
  socket.rings.refill(8);
  socket.close();
  expect(fill.needsWakeup()).toBe(false);
  expect(() => socket.fd).toThrow(code('XDP_ERR_CLOSED'));
  expect(() => socket.statistics()).toThrow(code('XDP_ERR_CLOSED'));
  using other = new Wire({ lab: wire.lab, name: 'port1' });
  using another = new Umem({ frames: 64 });
  using open = other.open(another, SMALL);
  expect(() => wire.sockets.update(u32(0), u32(open.fd), 'replace')).toThrow(
    expect.objectContaining({ errnoName: 'ENOENT' }),
  );
});

test('one UMEM serves two interfaces; a frame crosses without being copied', async () => {
  using other = new Wire({ lab: wire.lab, name: 'port1' });
  using umem = new Umem({ frames: 256, ledger: true });
  using first = wire.open(umem, SMALL);
  using second = other.open(umem, SMALL);
  first.rings.refill(16);
  const frames = Array.from({ length: 10 }, (_, i) => testFrame(i, 100 + i));
  for (const frame of frames) wire.far.send(frame);
  const batch = new Batch(umem, 64);
  await expect.poll(() => first.rx!.peek(64), { interval: 2 }).toBe(10);
  expect(first.receive(batch)).toBe(10);
  expect(second.transmit(batch, 0, 10)).toBe(10);
  expect(second.flush()).toBe(0);
  const arrived: Uint8Array[] = [];
  await expect.poll(() => arrived.push(...other.far.received()), { interval: 2 }).toBe(10);
  expect(arrived).toEqual(frames);
  expect(umem.bytes.subarray(batch.addresses[3]!, batch.addresses[3]! + 103)).toEqual(frames[3]);
  await expect.poll(() => second.rings.reap(64), { interval: 2 }).toBe(10);
  expect(umem.ledger!.counts()).toEqual({ free: 250, fill: 6, application: 0, held: 0, tx: 0 });
});

test('two sockets on one queue share its fill and completion ring', async () => {
  using umem = new Umem({ frames: 256, ledger: true });
  using first = wire.open(umem, SMALL);
  using second = wire.open(umem, { ...SMALL, beside: first });
  expect(second.rings).toBe(first.rings);
  first.rings.refill(64);
  wire.far.send(testFrame(1, 100));
  expect(await receive(first, 1)).toEqual([100]);
  // Whichever the program chooses gets the packet.
  wire.sockets.set(0, second.fd);
  wire.far.send(testFrame(2, 200));
  expect(await receive(second, 1)).toEqual([200]);
  expect(first.rx!.peek(64)).toBe(0);

  const batch = new Batch(umem, 4);
  for (const [i, socket] of [first, second].entries()) {
    const address = umem.pool.take() + 256;
    umem.ledger!.move(address, FrameOwner.free, FrameOwner.application);
    umem.bytes.set(testFrame(i, 80), address);
    batch.addresses[0] = address;
    batch.lengths[0] = 80;
    expect(socket.transmit(batch, 0, 1)).toBe(1);
    socket.flush();
  }
  const arrived: Uint8Array[] = [];
  await expect.poll(() => arrived.push(...wire.far.received()), { interval: 2 }).toBe(2);
  let reaped = 0;
  await expect.poll(() => (reaped += second.rings.reap(64)), { interval: 2 }).toBe(2);
  expect(umem.ledger!.counts()).toMatchObject({ fill: 62, application: 0, tx: 0 });
});

describe('how many frames one call sends', () => {
  let umem: Umem;
  beforeEach(() => {
    umem = new Umem({ frames: 256 });
  });
  afterEach(() => umem.close());

  const kicksFor = (socket: XskSocket, frames: number) => {
    const batch = new Batch(umem, frames);
    for (batch.count = 0; batch.count < frames; batch.count++) {
      batch.addresses[batch.count] = umem.pool.take();
      umem.bytes.set(testFrame(batch.count, 60), batch.addresses[batch.count]);
      batch.lengths[batch.count] = 60;
    }
    expect(socket.transmit(batch, 0, frames)).toBe(frames);
    expect(socket.flush()).toBe(0);
    return socket.kicks;
  };

  test.runIf(hasTxBudget)('all, where the kernel lets it be chosen (Linux 6.17)', () => {
    using socket = wire.open(umem, SMALL);
    expect(kicksFor(socket, 64)).toBe(1);
  });

  test.runIf(hasTxBudget)('as many as were asked for (Linux 6.17)', () => {
    using socket = wire.open(umem, { ...SMALL, txSize: 256, completionSize: 256, txBudget: 48 });
    expect(kicksFor(socket, 96)).toBe(2);
  });

  test.runIf(!hasTxBudget)('32, on a kernel before Linux 6.17', () => {
    using socket = wire.open(umem, SMALL);
    expect(kicksFor(socket, 64)).toBe(2);
    expect(() => wire.open(umem, { ...SMALL, txBudget: 48 })).toThrow(code('XDP_ERR_PLATFORM'));
  });

  test('fewer than 32 or more than the ring has: refused', () => {
    for (const txBudget of [31, 65]) {
      expect(() => wire.open(umem, { ...SMALL, txBudget })).toThrow(
        code(hasTxBudget ? 'XDP_ERR_USAGE' : 'XDP_ERR_PLATFORM'),
      );
    }
  });
});

test('a socket without a TX ring, and one without an RX ring', async () => {
  using other = new Wire({ lab: wire.lab, name: 'port1' });
  using umem = new Umem({ frames: 64 });
  using receiver = wire.open(umem, { ...SMALL, txSize: 0 });
  using sender = other.open(umem, { ...SMALL, rxSize: 0 });
  const batch = new Batch(umem, 4);
  receiver.rings.refill(8);
  wire.far.send(testFrame(1, 99));
  await expect.poll(() => receiver.receive(batch), { interval: 2 }).toBe(1);
  expect(receiver.transmit(batch, 0, 1)).toBe(0);
  expect(receiver.flush()).toBe(0);
  expect(sender.transmit(batch, 0, 1)).toBe(1);
  expect(sender.flush()).toBe(0);
  const arrived: Uint8Array[] = [];
  await expect.poll(() => arrived.push(...other.far.received()), { interval: 2 }).toBe(1);
  expect(arrived).toEqual([testFrame(1, 99)]);
  expect(sender.receive(batch)).toBe(0);
});

describe('waiting', () => {
  test('on the event loop', async () => {
    using umem = new Umem({ frames: 64 });
    using socket = wire.open(umem, SMALL);
    const batch = new Batch(umem, 64);
    let received = 0;
    const watch = calls.watch(socket.fd, () => {
      received += socket.receive(batch);
    });
    try {
      socket.rings.refill(64);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(received).toBe(0);
      for (let i = 0; i < 20; i++) wire.far.send(testFrame(i, 60));
      await expect.poll(() => received, { interval: 2 }).toBe(20);
    } finally {
      watch.close();
    }
  });

  test('on a blocked thread', () => {
    using second = new Wire({ lab: wire.lab, name: 'port1' });
    using umem = new Umem({ frames: 64 });
    using one = wire.open(umem, SMALL);
    using other = second.open(umem, SMALL);
    one.rings.refill(8);
    const poller = new Poller([other.fd, one.fd]);
    const start = performance.now();
    expect(poller.wait(50)).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(45);
    wire.far.send(testFrame(1, 60));
    expect(poller.wait(999)).toBe(1);
  });
});

// XDPKIT_SOAK_FRAMES lengthens it.
const SOAK = Number(process.env['XDPKIT_SOAK_FRAMES'] ?? 10_000);
test(`${SOAK} frames there and back, none lost, doubled or changed`, { timeout: patient(20_000 + SOAK) }, async () => {
  using umem = new Umem({ frames: 128, ledger: true });
  using socket = wire.open(umem, SMALL);
  const batch = new Batch(umem, 32);
  const { rings } = socket;
  let back = 0;
  for (let sent = 0; sent < SOAK; ) {
    const count = Math.min(64, SOAK - sent);
    const frames = Array.from({ length: count }, (_, i) => testFrame(sent + i, 60 + ((sent + i) % 1400)));
    rings.refill(64 - rings.inFill);
    for (const frame of frames) wire.far.send(frame);
    sent += count;
    const returned: Uint8Array[] = [];
    const end = performance.now() + patient(2_000);
    while (returned.length < count && performance.now() < end) {
      rings.reap(64);
      const received = socket.receive(batch);
      if (received > 0) {
        expect(socket.transmit(batch, 0, received)).toBe(received);
        socket.flush();
      }
      returned.push(...wire.far.received());
    }
    expect(Buffer.concat(returned).equals(Buffer.concat(frames))).toBe(true);
    back += returned.length;
  }
  expect(back).toBe(SOAK);
  await expect.poll(() => rings.reap(64) + rings.inTx, { interval: 2 }).toBe(0);
  const { free, fill, tx } = umem.ledger!.counts();
  expect([free + fill, tx, rings.inFill]).toEqual([128, 0, fill]);
  expect(socket.statistics()).toMatchObject({ rxDropped: 0, rxRingFull: 0, txInvalidDescriptors: 0 });
});
