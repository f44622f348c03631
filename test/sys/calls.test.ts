import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { calls, currentBackend, Errno, OwnedFd, useBackend } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';

failOnLeaks();

describe('a backend of a test', () => {
  afterEach(() => useBackend(undefined));

  test('takes the place of koffi, and gives it back', () => {
    const koffi = currentBackend();
    const seen: unknown[] = [];
    const fake = {
      ...koffi,
      open: (...args: unknown[]) => seen.push(args) && -1,
      sendto: () => -1,
      errno: () => Errno.EACCES,
    };
    useBackend(fake);
    expect(currentBackend()).toBe(fake);
    expect(() => calls.open('/x', 1, 0o644)).toThrow(expect.objectContaining({ call: 'open', errnoName: 'EACCES' }));
    expect(seen).toEqual([['/x', 1, 0o644]]);
    expect(calls.sendto(0, null, 0)).toBe(-Errno.EACCES);

    useBackend(undefined);
    expect(currentBackend()).not.toBe(fake);
    calls.close(calls.open('/dev/null', 0));
  });

  test('sees the bytes of the arguments', () => {
    const options: unknown[] = [];
    useBackend({
      ...currentBackend(),
      setsockopt: (_fd, level, name, value, length) => options.push([level, name, value, length]) && 0,
      getsockopt: (_fd, _level, _name, value, length) => {
        (value as Uint32Array)[0] = 7;
        length[0] = 4;
        return 0;
      },
    });
    const value = new Uint32Array([1, 2]);
    calls.setsockopt(3, 283, 4, value);
    expect(options).toEqual([[283, 4, value, 8]]);
    const answer = new Uint32Array(4);
    expect(calls.getsockopt(3, 283, 7, answer)).toBe(4);
    expect(answer[0]).toBe(7);
  });
});

test('memfd: a file of the length asked for', () => {
  using memory = new OwnedFd(calls.memfd('xdpkit-test', 12_345), 'memory');
  expect(readlinkSync(`/proc/self/fd/${memory.fd}`)).toContain('memfd:xdpkit-test');
  expect(readFileSync(`/proc/self/fd/${memory.fd}`)).toEqual(Buffer.alloc(12_345));
});

test('memfd: a length that the kernel refuses leaves no descriptor', () => {
  const before = countDescriptors();
  expect(() => calls.memfd('xdpkit-test', -1)).toThrow(
    expect.objectContaining({ call: 'ftruncate', errnoName: 'EINVAL' }),
  );
  expect(countDescriptors()).toBe(before);
});

test('flock: a second holder is told so, until the first lets go', () => {
  const LOCK_EX_NB = 2 | 4;
  using file = new OwnedFd(calls.memfd('xdpkit-lock', 1), 'file');
  const again = () => new OwnedFd(calls.open(`/proc/self/fd/${file.fd}`, 2), 'the same file');
  using other = again();
  expect(calls.flock(file.fd, LOCK_EX_NB)).toBe(0);
  expect(calls.flock(other.fd, LOCK_EX_NB)).toBe(-Errno.EWOULDBLOCK);
  file.close();
  expect(calls.flock(other.fd, LOCK_EX_NB)).toBe(0);
});

test('setAffinity binds this thread only', () => {
  const allowed = (path: string) => /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1];
  const mine = '/proc/thread-self/status';
  const before = allowed(mine)!;
  const all = before.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  expect(all.length).toBeGreaterThanOrEqual(availableParallelism());
  try {
    calls.setAffinity([all.at(-1)!]);
    expect(allowed(mine)).toBe(String(all.at(-1)));
  } finally {
    calls.setAffinity(all);
  }
  expect(allowed(mine)).toBe(before);
  expect(() => calls.setAffinity([8191])).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
  expect(() => calls.setAffinity([])).toThrow(expect.objectContaining({ call: 'sched_setaffinity' }));
});

test('clockGettime: realtime agrees with Date, monotonic with the event loop', () => {
  const before = Date.now();
  const { seconds, nanoseconds } = calls.clockGettime(0);
  const milliseconds = seconds * 1000 + nanoseconds / 1e6;
  expect(milliseconds).toBeGreaterThanOrEqual(before);
  expect(milliseconds).toBeLessThan(Date.now() + 1);
  const start = process.hrtime.bigint();
  const monotonic = calls.clockGettime(1);
  const time = BigInt(monotonic.seconds) * 1_000_000_000n + BigInt(monotonic.nanoseconds);
  expect(time >= start && time <= process.hrtime.bigint()).toBe(true);
  expect(() => calls.clockGettime(99)).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
});

test('getrlimit: as /proc/self/limits has it', () => {
  const RLIMIT_NOFILE = 7;
  const RLIMIT_MEMLOCK = 8;
  const limits = readFileSync('/proc/self/limits', 'utf8');
  for (const [resource, name] of [
    [RLIMIT_NOFILE, 'Max open files'],
    [RLIMIT_MEMLOCK, 'Max locked memory'],
  ] as const) {
    const [soft, hard] = new RegExp(`${name}\\s+(\\S+)\\s+(\\S+)`).exec(limits)!.slice(1);
    const number = (text?: string) => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
    expect(calls.getrlimit(resource)).toEqual({ soft: number(soft), hard: number(hard) });
  }
});

test('watch: calls back when something can be read, and no longer once closed', async () => {
  const AF_PACKET = 17;
  // 0x88b5, for local experiments (IEEE 802), in network byte order.
  const EXPERIMENTAL = 0xb588;
  using sender = new OwnedFd(calls.socket(AF_PACKET, 3 | 0o2000000, EXPERIMENTAL), 'sender');
  // struct sockaddr_ll {u16 family; u16 protocol; i32 index; ...}: the loopback interface has index 1.
  const loopback = new Uint32Array(5);
  loopback.set([(AF_PACKET | (EXPERIMENTAL << 16)) >>> 0, 1]);
  calls.bind(sender.fd, loopback);
  const frame = new Uint8Array(60);
  frame.set([0x88, 0xb5], 12);
  let wakeUps = 0;
  const drain = new Uint8Array(100);
  const watch = calls.watch(sender.fd, () => {
    wakeUps++;
    while (calls.recvfrom(sender.fd, drain, 0x40) > 0);
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(wakeUps).toBe(0);
  expect(calls.sendto(sender.fd, frame, 0)).toBe(60);
  await expect.poll(() => wakeUps).toBeGreaterThan(0);
  watch.close();
  watch.close();
  const before = wakeUps;
  expect(calls.sendto(sender.fd, frame, 0)).toBe(60);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(wakeUps).toBe(before);
});

/** The listing has one of its own, the same in every count. */
function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
