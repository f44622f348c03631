import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Backend, type BackendQueues } from '../../dist/quic/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { BackendBed, isWhole, numberAt, slotAt } from './backend-bed.js';

failOnLeaks();
const SLOTS = [0, 1, 2, 3];

/** Backends on this thread's event loop, each with what it has seen: frames, wrong ones, and gaps in their numbers. */
function openLocal(bed: BackendBed, queues: BackendQueues, slots = SLOTS) {
  return slots.map((slot) => {
    const sockets = queues.openSockets(slot);
    sockets.enter(bed.places(slot));
    const backend = Backend.at(sockets.place(100 + slot));
    const seen = { frames: 0, wrong: 0, gaps: 0 };
    const next = new Array<number>(bed.queues).fill(0);
    const read = () =>
      backend.onBatch((batch, { queue }) => {
        for (let i = 0; i < batch.count; i++) {
          const at = batch.addresses[i]!;
          seen.frames++;
          if (slotAt(batch.bytes, at) !== slot) seen.wrong++;
          const number = numberAt(batch.bytes, at);
          if (number !== next[queue]) seen.gaps++;
          next[queue] = number + 1;
        }
      });
    return { slot, sockets, backend, seen, read };
  });
}

test('each backend gets its packets from every queue, all of them and in order; every frame is found at the end', async () => {
  await using bed = new BackendBed(4);
  const queues = await bed.open();
  const backends = openLocal(bed, queues);
  for (const { read } of backends) read();
  for (let round = 0; round < 40; round++) {
    for (const slot of SLOTS) for (let queue = 0; queue < 4; queue++) bed.send(slot, queue, 100);
    await turn();
    await expect
      .poll(() => backends.map(({ seen }) => seen.frames), { interval: 1 })
      .toEqual(SLOTS.map(() => (round + 1) * 400));
  }
  for (const { seen, sockets } of backends) {
    expect(seen).toEqual({ frames: 16_000, wrong: 0, gaps: 0 });
    expect(sockets.counts().map(({ rxPackets, rxBytes, kernel }) => [rxPackets, rxBytes, kernel.rxRingFull])).toEqual(
      [0, 1, 2, 3].map(() => [4000, 4000 * 64, 0]),
    );
  }
  for (const { backend } of backends) backend.close();
  expect(await queues.close()).toSatisfy((accounts) => isWhole(accounts, 4));
});

test('one that does not read loses its own packets only, and goes on afterwards', async () => {
  await using bed = new BackendBed(2);
  const queues = await bed.open({ rings: { rx: 256, tx: 64, fill: 2048, completion: 256 } });
  const backends = openLocal(bed, queues);
  const [stopped, ...others] = backends;
  for (const { read } of others) read();
  let sent = 0;
  // Far more for the one that does not read than there are frames.
  for (let round = 0; round < 200; round++) {
    for (const queue of [0, 1]) {
      bed.send(0, queue, 50);
      for (const { slot } of others) bed.send(slot, queue, 50);
    }
    sent += 50;
    await expect.poll(() => others.map(({ seen }) => seen.frames), { interval: 1 }).toEqual(others.map(() => 2 * sent));
  }
  for (const { seen, sockets } of others) {
    expect(seen).toEqual({ frames: 2 * sent, wrong: 0, gaps: 0 });
    for (const { kernel } of sockets.counts())
      expect(kernel).toMatchObject({ rxRingFull: 0, rxFillRingEmpty: 0, rxDropped: 0 });
  }
  for (const { kernel } of stopped!.sockets.counts()) expect(kernel.rxRingFull).toBe(sent - 256);
  stopped!.read();
  await expect.poll(() => stopped!.seen.frames, { interval: 1 }).toBe(512);
  for (const queue of [0, 1]) bed.send(0, queue, 100);
  await expect.poll(() => stopped!.seen.frames, { interval: 1 }).toBe(712);
  // One gap on each queue: where it had not read.
  expect(stopped!.seen).toEqual({ frames: 712, wrong: 0, gaps: 2 });
  for (const { backend } of backends) backend.close();
  expect(await queues.close()).toSatisfy((accounts) => isWhole(accounts, 2));
});

test('packets are sent back in place, and copies are sent by any queue', async () => {
  await using bed = new BackendBed(2);
  const queues = await bed.open();
  const sockets = queues.openSockets(1);
  sockets.enter(bed.places(1));
  using backend = Backend.at(sockets.place(1));
  backend.onPacket((packet, queue) => {
    packet.setU8(14, queue);
    packet.setU8(15, 0xee);
    return 0;
  });
  const back: Uint8Array[] = [];
  // More than there are frames, so that each comes round.
  for (let round = 0; round < 300; round++) {
    for (const queue of [0, 1]) bed.send(1, queue, 20);
    await expect.poll(() => back.push(...bed.far.received()), { interval: 1 }).toBe((round + 1) * 40);
  }
  expect(back.every((frame) => frame[15] === 0xee && frame.length === 64)).toBe(true);
  expect([0, 1].map((queue) => back.filter((frame) => frame[14] === queue).length)).toEqual([6000, 6000]);
  const own = Uint8Array.from({ length: 1000 }, (_, i) =>
    i < 14 ? [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5][i]! : i & 255,
  );
  for (let i = 0; i < 2000; i++) {
    expect(backend.send(own, i & 1)).toBe(true);
    if (i % 50 === 49) await sleep(1);
  }
  back.length = 0;
  await expect.poll(() => back.push(...bed.far.received()), { interval: 1 }).toBe(2000);
  expect(back.every((frame) => Buffer.from(frame).equals(own))).toBe(true);
  backend.close();
  expect(await queues.close()).toSatisfy((accounts) => isWhole(accounts, 2));
});

test('slots are given back and taken again, under traffic, and no frame is lost by it', async () => {
  await using bed = new BackendBed(2);
  const queues = await bed.open({ rings: { rx: 64, tx: 32, fill: 256, completion: 256 } });
  for (let round = 0; round < 10; round++) {
    const backends = openLocal(bed, queues);
    for (const { read, slot } of backends) if (slot !== round % 4) read();
    for (const slot of SLOTS) for (const queue of [0, 1]) bed.send(slot, queue, 40);
    await sleep(2);
    for (const { backend, slot } of backends) {
      backend.close();
      await queues.closeSockets(slot);
    }
  }
  expect(await queues.close()).toSatisfy((accounts) => isWhole(accounts, 2));
});
