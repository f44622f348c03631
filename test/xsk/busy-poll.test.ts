import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { calls, currentBackend, Errno, useBackend } from '../../dist/sys/index.js';
import { Batch, Umem } from '../../dist/xsk/index.js';
import { testFrame } from '../kernel/far-end.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { Wire } from './kernel-queue.js';

failOnLeaks();

/** Of include/uapi/asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_BUSY_POLL = 46;
const SO_PREFER_BUSY_POLL = 69;
const SO_BUSY_POLL_BUDGET = 70;

let wire: Wire;
beforeEach(() => {
  wire = new Wire();
});
afterEach(() => wire[Symbol.dispose]());

const code = (wanted: string, more = {}) => expect.objectContaining({ code: wanted, ...more });

function option(fd: number, name: number): number {
  const value = new Uint32Array(1);
  calls.getsockopt(fd, SOL_SOCKET, name, value);
  return value[0]!;
}

test('the socket prefers it, with the budget that was asked for', () => {
  // The kernel does not tell the budget.
  const budgets: number[] = [];
  const real = currentBackend();
  useBackend({
    ...real,
    setsockopt(fd, level, name, value, length) {
      if (level === SOL_SOCKET && name === SO_BUSY_POLL_BUDGET) budgets.push(Number(value[0]));
      return real.setsockopt(fd, level, name, value, length);
    },
  });
  try {
    using umem = new Umem({ frames: 64 });
    using polled = wire.open(umem, { busyPoll: 77 });
    expect(budgets).toEqual([77]);
    expect(option(polled.fd, SO_PREFER_BUSY_POLL)).toBe(1);
    expect(option(polled.fd, SO_BUSY_POLL)).toBeGreaterThan(0);
    expect(polled.busyPoll).toBe(true);
  } finally {
    useBackend(undefined);
  }
});

test('without it the socket is as the kernel made it', () => {
  using umem = new Umem({ frames: 64 });
  using plain = wire.open(umem);
  expect(plain.busyPoll).toBe(false);
  expect(option(plain.fd, SO_PREFER_BUSY_POLL)).toBe(0);
});

test('packets come in and leave', async () => {
  using umem = new Umem({ frames: 64, ledger: true });
  using socket = wire.open(umem, { busyPoll: 64 });
  socket.rings.refill(32);
  const batch = new Batch(umem, 32);
  const frames = Array.from({ length: 20 }, (_, i) => testFrame(i, 60 + i));
  for (const frame of frames) wire.far.send(frame);
  const back: Uint8Array[] = [];
  await expect
    .poll(
      () => {
        socket.wakeRx();
        const count = socket.receive(batch);
        expect(socket.transmit(batch, 0, count)).toBe(count);
        expect(socket.flush()).toBe(0);
        return back.push(...wire.far.received());
      },
      { interval: 2 },
    )
    .toBe(20);
  expect(back).toEqual(frames);
});

describe('refusals', () => {
  afterEach(() => useBackend(undefined));

  test.each([0, -1, 65_536, 1.5, Number.NaN])('a budget of %d', (busyPoll) => {
    using umem = new Umem({ frames: 64 });
    expect(() => wire.open(umem, { busyPoll })).toThrow(code('XDP_ERR_USAGE'));
  });

  test.each([
    ['an administrator who may not is told what else refuses it', Errno.EPERM, 'XDP_ERR_PERMISSION', /seccomp/],
    ['a kernel before Linux 5.11', Errno.ENOPROTOOPT, 'XDP_ERR_PLATFORM', /5\.11/],
  ])('%s', (_, errno, wanted, advice) => {
    const real = currentBackend();
    let failing = false;
    useBackend({
      ...real,
      setsockopt(fd, level, name, ...rest) {
        failing = level === SOL_SOCKET && name === SO_PREFER_BUSY_POLL;
        return failing ? -1 : real.setsockopt(fd, level, name, ...rest);
      },
      errno: () => (failing ? errno : real.errno()),
    });
    using umem = new Umem({ frames: 64 });
    expect(() => wire.open(umem, { busyPoll: 64 })).toThrow(code(wanted, { advice: expect.stringMatching(advice) }));
  });
});
