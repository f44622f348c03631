import { describe, expect, test } from 'vitest';
import { Errno } from '../../dist/sys/index.js';
import {
  ADDRESS_WORDS,
  Batch,
  DESCRIPTOR_WORDS,
  DescriptorConsumer,
  newRing,
  QueueRings,
  Umem,
  XskSocket,
} from '../../dist/xsk/index.js';

/** A socket with 20 frames to send whose kernel takes and answers as told, call after call. */
function make(answers: readonly { take: number; result: number }[], tellsLate = false) {
  const umem = new Umem({ frames: 64 });
  const tx = newRing(umem.arena, 32, DESCRIPTOR_WORDS);
  const kernel = new DescriptorConsumer(tx);
  const rings = new QueueRings(umem, newRing(umem.arena, 32, ADDRESS_WORDS), newRing(umem.arena, 32, ADDRESS_WORDS));
  let call = 0;
  let last = 0;
  const kick = () => {
    const { take, result } = answers[call++]!;
    kernel.peek(32);
    kernel.release(take);
    last = result;
    return result;
  };
  const statistics = () => {
    throw new Error('nobody asked for these');
  };
  const peer = { fd: -1, kick, lastError: () => last, wakeRx: () => 0, statistics, close: () => {} };
  const mode = { zeroCopy: false, busyPoll: false, maxFragments: 1, tellsLate };
  const socket = new XskSocket({ rings, rx: undefined, tx, queue: 0, ...mode, peer });
  const batch = new Batch(umem, 20);
  for (let i = 0; i < 20; i++) batch.addresses[i] = umem.pool.take();
  batch.lengths.fill(60);
  expect(socket.transmit(batch, 0, 20)).toBe(20);
  socket.tx!.setNeedsWakeup(true);
  return socket;
}

test('calls again for as long as the kernel gets on', () => {
  const socket = make([
    { take: 9, result: -Errno.EAGAIN },
    { take: 1, result: -Errno.EBUSY },
    { take: 10, result: 0 },
  ]);
  expect(socket.flush()).toBe(0);
  expect([socket.kicks, socket.tx!.pending()]).toEqual([3, 0]);
});

test.each(['EAGAIN', 'EBUSY'] as const)('gives up when nothing was taken (%s)', (name) => {
  const socket = make([
    { take: 5, result: -Errno.EAGAIN },
    { take: 0, result: -Errno[name] },
  ]);
  expect(socket.flush()).toBe(-Errno[name]);
  expect([socket.kicks, socket.tx!.pending()]).toEqual([2, 15]);
});

describe('a kernel before 6.17, which tells what it took when it has taken all', () => {
  test('is called as often as the frames need', () => {
    const socket = make(
      [
        { take: 0, result: -Errno.EAGAIN },
        { take: 20, result: 0 },
      ],
      true,
    );
    expect(socket.flush()).toBe(0);
    expect([socket.kicks, socket.tx!.pending()]).toEqual([2, 0]);
  });

  test('and no oftener', () => {
    const answer = { take: 0, result: -Errno.EAGAIN };
    const socket = make([answer, answer], true);
    expect(socket.flush()).toBe(-Errno.EAGAIN);
    expect(socket.kicks).toBe(2);
  });
});

test('gives up at any other error', () => {
  const socket = make([
    { take: 3, result: -Errno.ENETDOWN },
    { take: 0, result: -Errno.ENETDOWN },
  ]);
  expect(socket.flush()).toBe(-Errno.ENETDOWN);
  expect(socket.kicks).toBe(2);
});

test('a kernel that takes nothing and says nothing is not called for ever', () => {
  const socket = make([{ take: 0, result: 0 }]);
  expect(socket.flush()).toBe(0);
  expect([socket.kicks, socket.tx!.pending()]).toEqual([1, 20]);
});

test('a driver that is awake is not called', () => {
  const socket = make([]);
  socket.tx!.setNeedsWakeup(false);
  expect(socket.flush()).toBe(0);
  expect([socket.kicks, socket.tx!.pending()]).toEqual([0, 20]);
});
