import { existsSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Arena, calls, Mapping, OwnedFd, openResources, traceResources } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';

failOnLeaks();

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

test('what is allocated is zero, apart from all else, and where its offset says', () => {
  using arena = Arena.create();
  const lengths = [1, 64, 65, 4096, 70_000, 1 << 20, 3];
  const parts = lengths.map((length) => arena.allocate(length));
  for (const [i, part] of parts.entries()) {
    expect(part.length).toBe(lengths[i]);
    expect(part.byteOffset % 64).toBe(0);
    expect(isZero(part)).toBe(true);
    expect(arena.addressOf(part)).toBe(calls.addressOf(part));
    part.fill(i + 1);
  }
  for (const [i, part] of parts.entries()) expect(part.every((byte) => byte === i + 1)).toBe(true);
});

test('large memory is in huge pages, if the kernel has any', (context) => {
  const huge = '/sys/kernel/mm/transparent_hugepage/enabled';
  if (!existsSync(huge)) return context.skip('this kernel was built without transparent huge pages');
  using arena = Arena.create();
  const address = arena.addressOf(arena.allocatePages(8 << 20));
  const areas = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const covers = (area: string) => {
    const [from, to] = area
      .split(' ', 1)[0]!
      .split('-')
      .map((text) => Number.parseInt(text, 16));
    return from! <= address && address < to!;
  };
  const area = areas.find(covers)!;
  expect(area).toMatch(/^VmFlags:.* hg\b/m);
  expect(area).toMatch(/^Rss: +8192 kB$/m);
});

test('what is mapped into it is the same memory; taken out, its place is for the next', () => {
  using arena = Arena.create();
  using memory = new OwnedFd(calls.memfd('mapped', 10_000), 'memory');
  using witness = Mapping.ofFd(memory.fd, 10_000, 0);
  const beside = arena.allocate(64).fill(5);
  const mapped = arena.map(memory.fd, 10_000, 0);
  mapped[9999] = 7;
  expect(new Uint8Array(witness.buffer)[9999]).toBe(7);
  arena.unmap(mapped);
  expect(isZero(mapped)).toBe(true);
  mapped.fill(1);
  expect(new Uint8Array(witness.buffer)[9999]).toBe(7);
  expect(arena.map(memory.fd, 10_000, 0).byteOffset).toBe(mapped.byteOffset);
  expect(mapped[9999]).toBe(7);
  expect(beside.every((byte) => byte === 5)).toBe(true);
});

test('what the kernel does not map leaves the arena whole', () => {
  using arena = Arena.create();
  const refusal = expect.objectContaining({ call: 'mmap', errnoName: 'EBADF' });
  expect(() => arena.map(-1, 8192, 0)).toThrow(refusal);
  expect(isZero(arena.allocate(1 << 20))).toBe(true);
  using memory = new OwnedFd(calls.memfd('again', 8192), 'memory');
  expect(isZero(arena.map(memory.fd, 8192, 0))).toBe(true);
});

test('it grows to 4 GiB, and no further', () => {
  using arena = Arena.create();
  const refusal = expect.objectContaining({ code: 'XDP_ERR_USAGE', message: expect.stringContaining('4 GiB') });
  expect(() => arena.allocate(2 ** 32)).toThrow(refusal);
  const most = arena.allocate(2 ** 32 - 0x30000);
  most[most.length - 1] = 1;
  expect(() => arena.allocate(0x40000)).toThrow(refusal);
  arena.allocate(64).fill(1);
});

test('a thread that is lent it sees it, and allocates memory of its own', async () => {
  using arena = Arena.create();
  const bytes = arena.allocate(64).fill(3);
  const code = `
    const { parentPort, workerData: { url, memory, bytes } } = require('node:worker_threads');
    import(url).then(({ Arena }) => {
      const arena = Arena.of(memory);
      const mine = arena.allocate(64).fill(9);
      bytes.fill(bytes[0] + 1);
      arena.close();
      parentPort.postMessage(mine);
    });`;
  const url = new URL('../../dist/sys/index.js', import.meta.url).href;
  const thread = new Worker(code, { eval: true, workerData: { url, memory: arena.memory, bytes } });
  const mine = await new Promise<Uint8Array>((resolve, reject) => thread.on('message', resolve).on('error', reject));
  expect([bytes[0], mine[0]]).toEqual([4, 9]);
  const next = arena.allocate(200_000);
  next.fill(1);
  expect([bytes[63], mine[63]]).toEqual([4, 9]);
  await thread.terminate();
});

test('closed, it is traced no more, gives nothing, and stale views read zeros', () => {
  traceResources(true);
  const arena = Arena.create();
  expect(openResources()).toMatchObject([{ kind: 'mapping', what: expect.stringContaining('an arena') }]);
  const bytes = arena.allocate(4096).fill(1);
  arena.close();
  arena.close();
  expect(openResources()).toEqual([]);
  expect(isZero(bytes)).toBe(true);
  expect(() => arena.allocate(1)).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
});
