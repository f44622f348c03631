// needs: bpftool, gcc
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { Helper, R0, R1, R2, R3, R10, XdpAction } from '../../dist/ebpf/index.js';
import {
  BpfMap,
  bytes,
  type Codec,
  codecOf,
  cpuEntry,
  deviceEntry,
  type Layout,
  type MapOptions,
  mapEntry,
  perCpu,
  possibleCpus,
  programEntry,
  Queue,
  TestRun,
  type TypedMap,
} from '../../dist/kernel/index.js';
import { calls } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { bpftool, dumpedBytes } from './bpftool.js';
import { testFrame } from './far-end.js';
import { returning, written } from './programs.js';

failOnLeaks();
const packet = testFrame(1, 60);
const errno = (errnoName: string) => expect.objectContaining({ errnoName });
const make = (options: Omit<MapOptions, 'name'>) => new BpfMap({ name: 'typed', ...options });

describe('layouts', () => {
  const stored = (layout: Layout, value: unknown) => {
    const codec = codecOf(layout) as Codec<unknown>;
    const memory = new Uint8Array(codec.size);
    const view = new DataView(memory.buffer);
    codec.write(view, 0, value);
    expect(codec.read(view, 0)).toEqual(value);
    return Buffer.from(memory).toString('hex');
  };

  test('numbers, in host and in network order', () => {
    expect(stored('u8', 0xfe)).toBe('fe');
    expect(stored('u16', 0x0102)).toBe('0201');
    expect(stored('u32', 0xfffefdfc)).toBe('fcfdfeff');
    expect(stored('u64', 0x0102030405060708n)).toBe('0807060504030201');
    expect(stored('s8', -2)).toBe('fe');
    expect(stored('s16', -2)).toBe('feff');
    expect(stored('s32', -2)).toBe('feffffff');
    expect(stored('s64', -2n)).toBe('feffffffffffffff');
    expect(stored('be16', 443)).toBe('01bb');
    expect(stored('be32', 0x0a000001)).toBe('0a000001');
  });

  test('bytes', () => {
    expect(stored(bytes(3), Uint8Array.of(1, 2, 3))).toBe('010203');
    expect(() => stored(bytes(3), Uint8Array.of(1, 2))).toThrow('3 bytes are wanted here, not 2');
  });

  test('structs are as a C compiler makes them', () => {
    const layout = {
      a: 'u8',
      b: 'u32',
      c: 'be16',
      d: { e: 'u8', f: 'u64' },
      g: bytes(3),
      h: 's16',
      i: 'u8',
    } as const satisfies Layout;
    const value = {
      a: 1,
      b: 2,
      c: 3,
      d: { e: 4, f: 5n },
      g: Uint8Array.of(6, 7, 8),
      h: -9,
      i: 10,
    };
    const directory = mkdtempSync(join(tmpdir(), 'xdpkit-'));
    try {
      writeFileSync(
        `${directory}/s.c`,
        `#include <stdio.h>
        struct s { unsigned char a; unsigned b; unsigned short c; struct { unsigned char e; unsigned long long f; } d;
                   unsigned char g[3]; short h; unsigned char i; };
        int main() { static struct s s = { 1, 2, 0x0300, { 4, 5 }, { 6, 7, 8 }, -9, 10 };
                     for (unsigned i = 0; i < sizeof s; i++) printf("%02x", ((unsigned char *)&s)[i]); }`,
      );
      execFileSync('gcc', ['-o', `${directory}/s`, `${directory}/s.c`]);
      expect(stored(layout, value)).toBe(execFileSync(`${directory}/s`, { encoding: 'utf8' }));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('a typed map is a Map with types', () => {
  using raw = make({ kind: 'hash', keySize: 8, valueSize: 16, maxEntries: 100 });
  const flows = raw.typed({ address: 'be32', port: 'be16' }, { packets: 'u64', bytes: 'u64' });
  expectTypeOf(flows.get({ address: 1, port: 1 })).toEqualTypeOf<
    { readonly packets: bigint; readonly bytes: bigint } | undefined
  >();
  const key = { address: 0x0a000001, port: 443 };
  flows.set(key, { packets: 3, bytes: 4n });
  expect(flows.get(key)).toEqual({ packets: 3n, bytes: 4n });
  expect(flows.has(key)).toBe(true);
  const [element] = bpftool(`map dump id ${raw.info.id}`);
  expect(dumpedBytes(element.key)).toBe('0a00000101bb0000');
  expect(dumpedBytes(element.value)).toBe('03000000000000000400000000000000');
  expect(() => flows.set(key, { packets: 0, bytes: 0 }, 'create')).toThrow(errno('EEXIST'));
  expect([...flows]).toEqual([[key, { packets: 3n, bytes: 4n }]]);
  expect([...flows.keys()]).toEqual([key]);
  expect(flows.take(key)).toEqual({ packets: 3n, bytes: 4n });
  expect(flows.take(key)).toBeUndefined();
  expect(flows.delete(key)).toBe(false);
  const many = Array.from({ length: 100 }, (_, i) => ({ address: i, port: i }));
  flows.setAll(many.map((one) => [one, { packets: one.port, bytes: 0 }] as const));
  expect([...flows].reduce((sum, [, { packets }]) => sum + packets, 0n)).toBe(4950n);
  expect(flows.deleteAll([...many.slice(50), { address: 1, port: 7 }])).toBe(50);
  expect([...flows.entries()]).toHaveLength(50);
});

test('layouts of another size are refused', () => {
  using map = make({ kind: 'percpuArray', valueSize: 8, maxEntries: 1 });
  expect(() => map.typed('u16', perCpu('u64'))).toThrow('keys of map typed have 4 bytes, not 2');
  expect(() => map.typed('u32', perCpu(bytes(9)))).toThrow(RangeError);
  expect(() => map.typed('u32', perCpu('u64')).set(0, [1n])).toThrow(RangeError);
});

test('each CPU has its own value, which only its programs change', () => {
  using map = make({ kind: 'percpuArray', valueSize: 4, maxEntries: 2 });
  const counts = map.typed('u32', perCpu('u32'));
  using program = written(
    (a) => {
      a.store('u32', R10, -4, 1).mov(R2, R10).alu('+', R2, -4).map(R1, 'counts').call(Helper.mapLookupElem);
      a.jump('==', R0, 0, 'none').mov(R1, 1).atomic('add', 'u32', R0, 0, R1);
      return a.label('none').mov(R0, XdpAction.pass).exit();
    },
    { counts: map },
  );
  const run = new TestRun(program);
  const all = Array.from({ length: possibleCpus() }, (_, cpu) => cpu);
  counts.set(
    1,
    all.map((cpu) => cpu * 100),
  );
  try {
    for (const cpu of all) {
      calls.setAffinity([cpu]);
      for (let i = 0; i <= cpu; i++) run.run(packet);
    }
  } finally {
    calls.setAffinity(all);
  }
  expect(counts.get(1)).toEqual(all.map((cpu) => cpu * 100 + cpu + 1));
  expect(counts.get(0)).toEqual(all.map(() => 0));
});

test('an LPM trie finds the longest prefix', () => {
  using map = make({ kind: 'lpmTrie', keySize: 8, valueSize: 1, maxEntries: 10 });
  const routes = map.typed({ bits: 'u32', address: bytes(4) }, 'u8');
  const at = (bits: number, ...address: number[]) => ({ bits, address: Uint8Array.from(address) });
  routes.set(at(0, 0, 0, 0, 0), 1);
  routes.set(at(8, 10, 0, 0, 0), 2);
  routes.set(at(24, 10, 1, 2, 0), 3);
  expect(routes.get(at(32, 10, 1, 2, 3))).toBe(3);
  expect(routes.get(at(32, 10, 1, 3, 3))).toBe(2);
  expect(routes.get(at(16, 10, 1, 2, 3))).toBe(2);
  expect(routes.get(at(32, 11, 1, 2, 3))).toBe(1);
  expect(routes.delete(at(16, 10, 1, 0, 0))).toBe(false);
  expect(routes.delete(at(0, 0, 0, 0, 0))).toBe(true);
  expect(routes.get(at(32, 11, 1, 2, 3))).toBeUndefined();
  expect(() => routes.set(at(33, 0, 0, 0, 0), 1)).toThrow(errno('EINVAL'));
  expect(() => make({ kind: 'lpmTrie', keySize: 4, valueSize: 1, maxEntries: 1 })).toThrow(errno('EINVAL'));
});

test('an LRU map makes room by itself', () => {
  using map = make({ kind: 'lruHash', keySize: 4, valueSize: 4, maxEntries: 100 });
  const typed = map.typed('u32', 'u32');
  for (let i = 0; i < 1000; i++) typed.set(i, i);
  const kept = [...typed];
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThanOrEqual(100);
  expect(kept.every(([key, value]) => key === value)).toBe(true);
  expect(typed.get(999)).toBe(999);
});

describe('descriptors in, ids out', () => {
  const innerOf = (length: number) => make({ kind: 'array', valueSize: 4, maxEntries: length });

  test.each(['arrayOfMaps', 'hashOfMaps'] as const)('%s', (kind) => {
    using template = innerOf(1);
    using inner = innerOf(1);
    using longer = innerOf(2);
    using map = make({ kind, keySize: 4, maxEntries: 4, inner: template });
    const maps = map.typed('u32', mapEntry);
    maps.set(1, inner);
    expect(maps.get(1)).toBe(inner.info.id);
    using found = BpfMap.openId(maps.get(1)!)!;
    found.typed('u32', 'u32').set(0, 77);
    expect(inner.typed('u32', 'u32').get(0)).toBe(77);
    expect(() => maps.set(2, longer)).toThrow(errno('EINVAL'));
    expect(() => maps.set(2, { fd: 0 })).toThrow(expect.objectContaining({ code: 'XDP_ERR_SYSTEM' }));
  });

  test('programArray: where tail calls lead', () => {
    using programs = make({ kind: 'programArray', maxEntries: 2 });
    using target = returning(XdpAction.tx);
    using caller = written(
      (a) => a.map(R2, 'programs').mov(R3, 1).call(Helper.tailCall).mov(R0, XdpAction.drop).exit(),
      { programs },
    );
    const typed = programs.typed('u32', programEntry);
    const run = new TestRun(caller);
    expect(run.run(packet).action).toBe(XdpAction.drop);
    typed.set(1, target);
    expect([...typed]).toEqual([[1, target.info.id]]);
    expect(run.run(packet).action).toBe(XdpAction.tx);
    expect(typed.delete(1)).toBe(true);
    expect(run.run(packet).action).toBe(XdpAction.drop);
  });

  test.each(['devmap', 'devmapHash'] as const)('%s: an interface, and a program of its own', (kind) => {
    using map = make({ kind, maxEntries: 4 });
    using program = returning(XdpAction.pass, 'returning', { attachTo: 'devmap' });
    using other = returning(XdpAction.pass);
    const devices = map.typed('u32', deviceEntry);
    devices.set(3, { ifindex: 1, program });
    devices.set(0, { ifindex: 1 });
    expect([...devices]).toEqual([
      [0, { ifindex: 1, programId: undefined }],
      [3, { ifindex: 1, programId: program.info.id }],
    ]);
    expect(() => devices.set(1, { ifindex: 1, program: other })).toThrow(errno('EINVAL'));
    expect(() => devices.set(1, { ifindex: 99_999 })).toThrow(errno('EINVAL'));
  });

  test('cpumap: the length of a queue, and a program', () => {
    using map = make({ kind: 'cpumap', maxEntries: possibleCpus() });
    using program = returning(XdpAction.pass, 'returning', { attachTo: 'cpumap' });
    const cpus = map.typed('u32', cpuEntry);
    cpus.set(0, { queueSize: 192, program });
    expect(cpus.get(0)).toEqual({ queueSize: 192, programId: program.info.id });
    expect(() => cpus.set(0, { queueSize: 20_000 })).toThrow(errno('EOVERFLOW'));
    expect(cpus.delete(0)).toBe(true);
    expect([...cpus]).toEqual([]);
  });
});

describe.each(['queue', 'stack'] as const)('%s', (kind) => {
  const inOrder = (values: number[]) => (kind === 'queue' ? values : values.toReversed());

  test('gives values back in its order, as bpftool sees them', () => {
    using map = make({ kind, valueSize: 8, maxEntries: 3 });
    const queue = new Queue(map, { number: 'u32', flag: 'u8' });
    expect(queue.pop()).toBeUndefined();
    expect(queue.peek()).toBeUndefined();
    for (const number of [1, 2, 3]) queue.push({ number, flag: 9 });
    expect(() => queue.push({ number: 4, flag: 9 })).toThrow(errno('E2BIG'));
    for (const number of inOrder([1, 2, 3])) {
      expect(dumpedBytes(bpftool(`map peek id ${map.info.id}`).value)).toBe(`0${number}00000009000000`);
      expect(queue.peek()).toEqual({ number, flag: 9 });
      if (number === 2)
        expect(dumpedBytes(bpftool(`map ${kind === 'queue' ? 'dequeue' : 'pop'} id ${map.info.id}`).value)).toBe(
          '0200000009000000',
        );
      else expect(queue.pop()).toEqual({ number, flag: 9 });
    }
    expect(queue.pop()).toBeUndefined();
  });

  test('may lose the oldest value for a new one', () => {
    using map = make({ kind, valueSize: 4, maxEntries: 2 });
    const queue = new Queue(map, 'u32');
    for (const number of [1, 2, 3]) queue.push(number, { overwrite: true });
    expect([queue.pop(), queue.pop(), queue.pop()]).toEqual([...inOrder([2, 3]), undefined]);
  });

  test('is what programs push to', () => {
    using map = make({ kind, valueSize: 4, maxEntries: 2 });
    using program = written(
      (a) => {
        a.store('u32', R10, -4, 5).mov(R2, R10).alu('+', R2, -4).map(R1, 'queue').mov(R3, 0).call(Helper.mapPushElem);
        return a.exit();
      },
      { queue: map },
    );
    expect(new TestRun(program).run(packet).action).toBe(0);
    expect(new Queue(map, 'u32').pop()).toBe(5);
    expect(() => new Queue(map, 'u64')).toThrow('values of map typed have 4 bytes, not 8');
  });
});

test('a queue is made of queues only', () => {
  using map = make({ kind: 'array', valueSize: 4, maxEntries: 1 });
  expect(() => new Queue(map, 'u32')).toThrow('map typed is of kind array, not a queue');
  expectTypeOf(map.typed('u32', 'u32')).toEqualTypeOf<TypedMap<'u32', 'u32'>>();
});
