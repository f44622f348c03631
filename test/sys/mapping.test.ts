import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { calls, Mapping, OwnedFd, openResources, traceResources } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';

failOnLeaks();

test('anonymous memory is zeroed, page-aligned and ours to write', () => {
  using mapping = Mapping.anonymous(8192);
  const bytes = new Uint8Array(mapping.buffer);
  expect(mapping.address % 4096).toBe(0);
  expect(calls.addressOf(bytes)).toBe(mapping.address);
  expect(bytes.length).toBe(8192);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  bytes.fill(7);
  expect(new Uint32Array(mapping.buffer)[2047]).toBe(0x07070707);
});

test('two mappings of one descriptor are the same memory, and Atomics work on it', () => {
  using memory = new OwnedFd(calls.memfd('two', 8192), 'memory');
  using one = Mapping.ofFd(memory.fd, 8192, 0);
  using other = Mapping.ofFd(memory.fd, 4096, 4096);
  Atomics.store(new Int32Array(one.buffer), 1024, -5);
  expect(Atomics.load(new Int32Array(other.buffer), 0)).toBe(-5);
});

test('a stale view reads zeros and no longer reaches the memory', () => {
  using memory = new OwnedFd(calls.memfd('stale', 4096), 'memory');
  using witness = Mapping.ofFd(memory.fd, 4096, 0);
  const mapping = Mapping.ofFd(memory.fd, 4096, 0);
  const stale = new Uint8Array(mapping.buffer);
  stale.fill(9);
  mapping.close();
  mapping.close();
  expect(stale.every((byte) => byte === 0)).toBe(true);
  stale.fill(1);
  expect(new Uint8Array(witness.buffer).every((byte) => byte === 9)).toBe(true);
  expect(() => mapping.buffer).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
});

test('what the kernel does not map is refused, not seen', () => {
  const refusal = (errnoName: string) => expect.objectContaining({ call: 'mmap', errnoName });
  expect(() => Mapping.anonymous(0)).toThrow(refusal('EINVAL'));
  expect(() => Mapping.ofFd(-1, 4096, 0)).toThrow(refusal('EBADF'));
  expect(() => Mapping.anonymous(2 ** 50)).toThrow(refusal('ENOMEM'));
});

test('the tracer knows mappings', () => {
  traceResources(true);
  using mapping = Mapping.anonymous(4096);
  expect(openResources()).toMatchObject([{ kind: 'mapping', what: `${mapping.address.toString(16)}+4096` }]);
  expect(openResources()[0]?.stack).toContain('mapping.test.ts');
});

test('the address range is given back once no view can be reached, and not sooner', () => {
  const fixture = fileURLToPath(new URL('./collected-mapping.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', fixture], {
    encoding: 'utf8',
    timeout: patient(20_000),
  });
  expect({ stderr, found: JSON.parse(stdout) }).toEqual({
    stderr: '',
    found: { open: true, closedButSeen: true, sum: 0, afterCollection: false, neverClosed: false },
  });
});
