// needs: setpriv, a checkout that every user can read
import { expect, test } from 'vitest';
import { missingCapabilities, requireCapabilities } from '../../dist/sys/index.js';
import { runUnprivileged } from './unprivileged.js';

interface Answer {
  readonly missing: readonly string[];
  readonly error: { readonly code: string; readonly message: string } | null;
}
const script = new URL('./missing-capabilities.mjs', import.meta.url);
const ask = (...capabilities: string[]) => runUnprivileged<Answer>(capabilities, script);

test('root lacks nothing', () => {
  expect(missingCapabilities(['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF', 'CAP_IPC_LOCK', 'CAP_SYS_ADMIN'])).toEqual([]);
  requireCapabilities('this test', ['CAP_SYS_ADMIN']);
});

test('an unprivileged user lacks all, and is told which', () => {
  const { missing, error } = ask();
  expect(missing).toEqual(['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF', 'CAP_IPC_LOCK']);
  expect(error).toMatchObject({
    code: 'XDP_ERR_PERMISSION',
    message: 'this test needs CAP_NET_RAW and CAP_BPF; this process lacks CAP_NET_RAW and CAP_BPF',
  });
});

test('each capability counts for itself', () => {
  const { missing, error } = ask('net_raw', 'ipc_lock');
  expect(missing).toEqual(['CAP_NET_ADMIN', 'CAP_BPF']);
  expect(error?.message).toBe('this test needs CAP_NET_RAW and CAP_BPF; this process lacks CAP_BPF');
});

test('CAP_SYS_ADMIN stands for CAP_BPF', () => {
  expect(ask('net_raw', 'sys_admin')).toEqual({ missing: ['CAP_NET_ADMIN', 'CAP_IPC_LOCK'], error: null });
});
