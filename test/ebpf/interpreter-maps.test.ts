import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Assembler,
  Helper,
  InterpreterArray,
  InterpreterHash,
  InterpreterLpmTrie,
  InterpreterMapOfMaps,
  InterpreterQueue,
  InterpreterRedirectMap,
  InterpreterRingBuffer,
  R0,
  R1,
  R2,
  R3,
  R4,
  R6,
  R10,
} from '../../dist/ebpf/index.js';
import { run } from './interpreting.js';

const { E2BIG, EAGAIN, EEXIST, EINVAL, ENOENT, ENOSPC } = (await import('node:os')).constants.errno;
const key = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const [ANY, CREATE, REPLACE] = [0, 1, 2];

describe('InterpreterArray', () => {
  it('has every value from the beginning', () => {
    const map = new InterpreterArray({ valueSize: 4, maxEntries: 2 });
    expect([...map.entries()]).toEqual([
      { key: key(0), values: [key(0)] },
      { key: key(1), values: [key(0)] },
    ]);
    expect(map.lookup(key(2))).toBeUndefined();
    expect(map.update(key(1), key(5), ANY)).toBe(0);
    expect(map.update(key(1), key(6), REPLACE)).toBe(0);
    expect(map.update(key(1), key(7), CREATE)).toBe(-EEXIST);
    expect(map.update(key(2), key(7))).toBe(-E2BIG);
    expect(map.update(key(1), key(7), 3)).toBe(-EINVAL);
    expect(map.delete(key(1))).toBe(-EINVAL);
    expect(() => map.update(key(1), new Uint8Array(5))).toThrow(RangeError);
    expect(() => map.update(new Uint8Array(3), key(1))).toThrow(RangeError);
    expect(map.lookup(key(1))).toEqual(key(6));
  });

  it('has a value for each CPU', () => {
    const map = new InterpreterArray({ valueSize: 4, maxEntries: 1, cpus: 3 });
    const count = (a: Assembler): unknown =>
      a
        .store('u32', R10, -4, 0)
        .map(R1, 'map')
        .mov(R2, R10)
        .alu('+', R2, -4)
        .call(Helper.mapLookupElem)
        .jump('==', R0, 0, 'end')
        .mov(R1, 1)
        .atomic('add', 'u32', R0, 0, R1)
        .label('end')
        .mov(R0, 0)
        .exit();
    for (const cpu of [0, 2, 2]) run(count, { maps: { map }, cpu });
    expect([...map.entries()][0]!.values).toEqual([key(1), key(0), key(2)]);
    expect(map.lookup(key(0), 3)).toBeUndefined();
  });
});

describe('InterpreterHash', () => {
  it('holds as many elements as it may', () => {
    const map = new InterpreterHash({ keySize: 4, valueSize: 4, maxEntries: 2 });
    expect(map.update(key(1), key(10), REPLACE)).toBe(-ENOENT);
    expect(map.update(key(1), key(10), CREATE)).toBe(0);
    expect(map.update(key(1), key(11), CREATE)).toBe(-EEXIST);
    expect(map.update(key(2), key(20))).toBe(0);
    expect(map.update(key(3), key(30))).toBe(-E2BIG);
    expect(map.update(key(2), key(21), REPLACE)).toBe(0);
    expect(map.update(key(2), key(21), 3)).toBe(-EINVAL);
    expect(map.delete(key(1))).toBe(0);
    expect(map.delete(key(1))).toBe(-ENOENT);
    expect(map.update(key(3), key(30))).toBe(0);
    expect([...map.entries()].map((entry) => [entry.key, ...entry.values])).toEqual([
      [key(2), key(21)],
      [key(3), key(30)],
    ]);
  });

  it('takes keys of any length', () => {
    const map = new InterpreterHash({ keySize: 7, valueSize: 1, maxEntries: 1000 });
    const model = new Map<string, number>();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 7, max: 3 }), fc.nat(255), (bytes, value) => {
        map.update(bytes, Uint8Array.of(value));
        model.set(`${bytes}`, value);
        expect(map.lookup(bytes)![0]).toBe(model.get(`${bytes}`));
      }),
    );
    expect([...map.entries()]).toHaveLength(model.size);
  });

  it('lets the least recently used element go, when it is an LRU hash', () => {
    const map = new InterpreterHash({ keySize: 4, valueSize: 4, maxEntries: 2, lru: true });
    map.update(key(1), key(1));
    map.update(key(2), key(2));
    map.lookup(key(1));
    map.update(key(3), key(3));
    expect([...map.entries()].map((entry) => entry.key[0])).toEqual([1, 3]);
  });

  it('gives a new key zeros on the other CPUs', () => {
    const map = new InterpreterHash({ keySize: 4, valueSize: 4, maxEntries: 1, cpus: 2 });
    map.update(key(1), key(5), ANY, 0);
    map.update(key(1), key(6), ANY, 1);
    map.delete(key(1));
    map.update(key(2), key(7), ANY, 1);
    expect([...map.entries()][0]!.values).toEqual([key(0), key(7)]);
  });
});

describe('InterpreterLpmTrie', () => {
  const prefix = (bits: number, address: number): Uint8Array =>
    Uint8Array.of(bits, 0, 0, 0, address >>> 24, address >>> 16, address >>> 8, address);

  it('finds the longest prefix', () => {
    const entry = fc.tuple(
      fc.integer({ min: 0, max: 32 }),
      fc.integer({ min: 0, max: 0xffff_ffff }).map((n) => n & 0xc0ff_0003),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), fc.array(entry), (entries, lookups) => {
        const map = new InterpreterLpmTrie({ keySize: 8, valueSize: 4, maxEntries: 100 });
        const start = (bits: number, address: number): number => (bits === 0 ? 0 : address >>> (32 - bits));
        for (const [i, [bits, address]] of entries.entries()) expect(map.update(prefix(bits, address), key(i))).toBe(0);
        for (const [most, address] of [...lookups, ...entries]) {
          const fits = entries
            .map(([bits, other], i) => ({ i, bits, fits: bits <= most && start(bits, other) === start(bits, address) }))
            .filter(({ fits: does }) => does)
            .sort((a, b) => b.bits - a.bits || b.i - a.i);
          expect(map.lookup(prefix(most, address))).toEqual(fits[0] && key(fits[0].i));
        }
      }),
    );
  });

  it('holds as many prefixes as it may', () => {
    const map = new InterpreterLpmTrie({ keySize: 8, valueSize: 4, maxEntries: 2 });
    expect(map.update(prefix(33, 0), key(1))).toBe(-EINVAL);
    expect(map.update(prefix(8, 0x0a00_0000), key(1), REPLACE)).toBe(-ENOENT);
    expect(map.update(prefix(8, 0x0a00_0000), key(1))).toBe(0);
    expect(map.update(prefix(8, 0x0aff_ffff), key(2), CREATE)).toBe(-EEXIST);
    expect(map.update(prefix(9, 0x0a00_0000), key(2))).toBe(0);
    expect(map.update(prefix(9, 0x0a00_0000), key(3))).toBe(0);
    expect(map.update(prefix(10, 0), key(3))).toBe(-ENOSPC);
    expect([...map.entries()]).toHaveLength(2);
    expect(map.delete(prefix(10, 0))).toBe(-ENOENT);
    expect(map.delete(prefix(9, 0x0a7f_0000))).toBe(0);
    expect(map.lookup(prefix(32, 0x0a00_0001))).toEqual(key(1));
    expect(map.lookup(prefix(7, 0x0a00_0001))).toBeUndefined();
    expect(map.lookup(prefix(33, 0x0a00_0001))).toBeUndefined();
  });
});

describe('InterpreterQueue', () => {
  it('gives back in order, or in the opposite order', () => {
    for (const stack of [false, true]) {
      const map = new InterpreterQueue({ valueSize: 4, maxEntries: 3, stack });
      for (const value of [1, 2, 3]) expect(map.push(key(value))).toBe(0);
      expect(map.push(key(4))).toBe(-E2BIG);
      expect(map.push(key(4), CREATE)).toBe(-EINVAL);
      expect(map.push(key(4), REPLACE)).toBe(0);
      const value = new Uint8Array(4);
      expect([map.peek(value), value[0]]).toEqual([0, stack ? 4 : 2]);
      const popped = [];
      while (map.pop(value) === 0) popped.push(value[0]);
      expect(popped).toEqual(stack ? [4, 3, 2] : [2, 3, 4]);
      value.fill(9);
      expect([map.peek(value), value[0]]).toEqual([-ENOENT, 0]);
    }
  });
});

describe('InterpreterRingBuffer', () => {
  it('has room until it is full, and again when it was drained', () => {
    const ring = new InterpreterRingBuffer(64);
    expect(ring.output(new Uint8Array(20).fill(1), 0)).toBe(0);
    expect(ring.output(new Uint8Array(20).fill(2), 4)).toBe(-EINVAL);
    expect(ring.output(new Uint8Array(24).fill(2), 0)).toBe(-EAGAIN);
    expect(ring.output(new Uint8Array(16).fill(2), 0)).toBe(0);
    expect([0, 1, 2, 3, 4].map((what) => ring.query(what))).toEqual([56, 64, 0, 56, 0]);
    expect(ring.drain().map((record) => [record.length, record[0]])).toEqual([
      [20, 1],
      [16, 2],
    ]);
    expect([0, 2, 3].map((what) => ring.query(what))).toEqual([0, 56, 56]);
    expect(ring.reserve(56)).toBeUndefined();
    expect(ring.reserve(48)).toHaveLength(48);
  });

  it('gives records from the program once they are submitted', () => {
    const ring = new InterpreterRingBuffer(4096);
    const write = (a: Assembler): unknown => {
      for (const [value, helper] of [
        [1, Helper.ringbufSubmit],
        [2, Helper.ringbufDiscard],
        [3, Helper.ringbufSubmit],
      ] as const) {
        a.map(R1, 'ring').mov(R2, 8).mov(R3, 0).call(Helper.ringbufReserve).jump('==', R0, 0, 'full');
        a.store('u64', R0, 0, value).mov(R1, R0).mov(R2, 0).call(helper);
      }
      return a.label('full').mov(R0, 0).exit();
    };
    run(write, { maps: { ring } });
    expect(ring.drain().map((record) => record[0])).toEqual([1, 3]);
    const reserved = ring.reserve(8)!;
    run(write, { maps: { ring } });
    expect(ring.drain()).toEqual([]);
    expect(reserved).toHaveLength(8);
  });
});

describe('maps of maps', () => {
  it('lead to the inner map', () => {
    const inner = new InterpreterArray({ valueSize: 8, maxEntries: 2 });
    inner.update(key(1), Uint8Array.of(42, 0, 0, 0, 0, 0, 0, 0));
    const outer = new InterpreterMapOfMaps();
    outer.set(3, inner);
    const write =
      (index: number) =>
      (a: Assembler): unknown =>
        a
          .store('u32', R10, -4, index)
          .map(R1, 'outer')
          .mov(R2, R10)
          .alu('+', R2, -4)
          .call(Helper.mapLookupElem)
          .jump('==', R0, 0, 'end')
          .mov(R1, R0)
          .store('u32', R10, -4, 1)
          .mov(R2, R10)
          .alu('+', R2, -4)
          .call(Helper.mapLookupElem)
          .load('u64', R0, R0)
          .label('end')
          .exit();
    expect(run(write(3), { maps: { outer } }).action).toBe(42);
    expect(run(write(2), { maps: { outer } }).action).toBe(0);
    outer.set(3, undefined);
    expect(run(write(3), { maps: { outer } }).action).toBe(0);
  });
});

describe('maps to redirect by', () => {
  const redirect =
    (index: number, flags: number) =>
    (a: Assembler): unknown =>
      a.map(R1, 'map').mov(R2, index).mov(R3, flags).call(Helper.redirectMap).exit();

  it('tell where to, and have a default', () => {
    const map = new InterpreterRedirectMap('xskmap');
    map.set(2);
    const maps = { map };
    expect(run(redirect(2, 1), { maps })).toMatchObject({
      action: 4,
      redirect: { map, key: 2, broadcast: false, excludeIngress: false },
    });
    for (const action of [0, 1, 2, 3]) {
      expect(run(redirect(3, action), { maps })).toMatchObject({ action, redirect: undefined });
    }
    expect(run(redirect(2, 8), { maps })).toMatchObject({ action: 0, redirect: undefined });
    map.unset(2);
    expect(run(redirect(2, 2), { maps }).action).toBe(2);
  });

  it('tell of copies to everybody', () => {
    const map = new InterpreterRedirectMap('devmap');
    expect(run(redirect(1, 8), { maps: { map } }).redirect).toMatchObject({ broadcast: true, excludeIngress: false });
    expect(run(redirect(1, 24), { maps: { map } }).redirect).toMatchObject({ broadcast: true, excludeIngress: true });
    expect(run(redirect(1, 16), { maps: { map } })).toMatchObject({ action: 0, redirect: undefined });
  });

  it('may be looked into', () => {
    const map = new InterpreterRedirectMap('devmap', 8);
    map.set(1, 77);
    const look = (a: Assembler): unknown =>
      a
        .store('u32', R10, -4, 1)
        .map(R1, 'map')
        .mov(R2, R10)
        .alu('+', R2, -4)
        .call(Helper.mapLookupElem)
        .load('u32', R0, R0)
        .exit();
    expect(run(look, { maps: { map } }).action).toBe(77);
  });

  it('are one way, an interface’s number the other', () => {
    const write =
      (flags: number) =>
      (a: Assembler): unknown =>
        a.mov(R1, 9).mov(R2, flags).call(Helper.redirect).exit();
    expect(run(write(0))).toMatchObject({ action: 4, redirect: { ifindex: 9 } });
    expect(run(write(1))).toMatchObject({ action: 0, redirect: undefined });
  });

  it('count only when the program says so in the end', () => {
    const result = run((a) => a.mov(R1, 9).mov(R2, 0).call(Helper.redirect).mov(R0, 2).exit());
    expect(result).toMatchObject({ action: 2, redirect: undefined });
  });
});

describe('helpers for elements', () => {
  it('update and delete with the flags of the kernel', () => {
    const map = new InterpreterHash({ keySize: 4, valueSize: 8, maxEntries: 4 });
    const update =
      (flags: number) =>
      (a: Assembler): unknown =>
        a
          .store('u32', R10, -4, 7)
          .store('u64', R10, -16, 5)
          .map(R1, 'map')
          .mov(R2, R10)
          .alu('+', R2, -4)
          .mov(R3, R10)
          .alu('+', R3, -16)
          .mov(R4, flags)
          .call(Helper.mapUpdateElem)
          .exit();
    const remove = (a: Assembler): unknown =>
      a
        .store('u32', R10, -4, 7)
        .map(R1, 'map')
        .mov(R2, R10)
        .alu('+', R2, -4)
        .call(Helper.mapDeleteElem)
        .mov(R6, R0)
        .exit();
    const maps = { map };
    expect(run(update(REPLACE), { maps }).action).toBe(-ENOENT >>> 0);
    expect(run(update(ANY), { maps }).action).toBe(0);
    expect(run(update(CREATE), { maps }).action).toBe(-EEXIST >>> 0);
    expect(run(update(-1), { maps }).action).toBe(-EINVAL >>> 0);
    expect(map.lookup(key(7))![0]).toBe(5);
    expect(run(remove, { maps }).action).toBe(0);
    expect(run(remove, { maps }).action).toBe(-ENOENT >>> 0);
  });
});
