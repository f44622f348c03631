// needs: setpriv, a checkout that every user can read
import { expect, test } from 'vitest';
import { runUnprivileged } from '../sys/unprivileged.js';

interface Outcome {
  readonly code: string;
  readonly message?: string;
  readonly advice?: string;
  readonly errnoName?: string;
}

/** What an unprivileged user with these capabilities, and 8 MiB of locked memory, can do. */
const attempt = (...capabilities: string[]) =>
  runUnprivileged<Record<'socket' | 'umem' | 'array' | 'xskmap' | 'program' | 'ids' | 'attached', Outcome>>(
    capabilities,
    new URL('./privileges.mjs', import.meta.url),
    String(64 << 20),
  );

const codes = (outcomes: Record<string, Outcome>) =>
  Object.fromEntries(Object.entries(outcomes).map(([name, { code }]) => [name, code.replace('XDP_ERR_', '')]));

const denied = 'PERMISSION';
/** What stays denied to all of them: ids need CAP_SYS_ADMIN. */
const none = {
  socket: denied,
  umem: denied,
  array: denied,
  xskmap: denied,
  program: denied,
  ids: denied,
  attached: denied,
};
// No interface has the number that the fixture binds to: a socket that gets as far has all it needs.
const bound = 'INTERFACE_GONE';
const all = { ...none, socket: bound, umem: 'ok', array: 'ok', xskmap: 'ok', program: 'ok', attached: 'ok' };

test('nothing without capabilities, and the errors name what is missing', () => {
  const outcomes = attempt();
  expect(codes(outcomes)).toEqual({ ...none, umem: 'SYSTEM' });
  expect(outcomes.socket.message).toBe('an AF_XDP socket needs CAP_NET_RAW');
  expect(outcomes.socket.errnoName).toBe('EPERM');
  expect(outcomes.array.message).toContain('CAP_BPF');
  expect(outcomes.program.advice).toContain('CAP_NET_ADMIN');
  expect(outcomes.ids.message).toBe('listing programs by id needs CAP_SYS_ADMIN');
});

test('CAP_NET_RAW: sockets, with as much memory as the limit allows', () => {
  const outcomes = attempt('net_raw');
  expect(codes(outcomes)).toEqual({ ...none, socket: bound, umem: 'MEMLOCK' });
  expect(outcomes.umem).toMatchObject({
    errnoName: 'ENOBUFS',
    message: "67108864 bytes of packet memory can't be locked: the limit (ulimit -l) is 8388608 bytes",
    advice: expect.stringContaining('CAP_IPC_LOCK'),
  });
});

test('CAP_BPF: maps, but no XSKMAP', () => {
  const outcomes = attempt('net_raw', 'bpf');
  expect(codes(outcomes)).toEqual({ ...none, socket: bound, umem: 'MEMLOCK', array: 'ok' });
});

test('CAP_NET_ADMIN: all but the memory', () => {
  const outcomes = attempt('net_raw', 'bpf', 'net_admin');
  expect(codes(outcomes)).toEqual({ ...all, umem: 'MEMLOCK' });
});

test('CAP_IPC_LOCK: everything', () => {
  const outcomes = attempt('net_raw', 'bpf', 'net_admin', 'ipc_lock');
  expect(codes(outcomes)).toEqual(all);
});
