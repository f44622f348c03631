// needs: bpftool
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { BpfMap, MapFlag, MapKind, possibleCpus, TestRun, u32, XskMap } from '../../dist/kernel/index.js';
import { calls, OwnedFd } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { bpftool, type DumpedElement, dumpedBytes } from './bpftool.js';
import { counting, readCounts } from './programs.js';
import { unboundSocket } from './unbound-socket.js';

failOnLeaks();

/** A name that no other map has: bpftool finds it by that. */
let count = 0;
function make(kind: MapKind, keySize: number, valueSize: number, maxEntries: number, flags?: number): BpfMap {
  return new BpfMap({ kind, name: uniqueName(), keySize, valueSize, maxEntries, flags });
}
const uniqueName = () => `t${process.pid}_${count++}`;
const shown = (map: BpfMap) => bpftool(`map show name ${map.name}`);
const dump = (map: BpfMap): DumpedElement[] => bpftool(`map dump name ${map.name}`);
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (value: Uint8Array | undefined) => value && Buffer.from(value).toString('hex');
const errno = (errnoName: string) => expect.objectContaining({ errnoName });

describe('array', () => {
  test('is what bpftool shows, and every element is there from the start', () => {
    using map = make('array', 4, 6, 3);
    expect(shown(map)).toMatchObject({ type: 'array', bytes_key: 4, bytes_value: 6, max_entries: 3 });
    map.update(u32(1), bytes('010203040506'));
    expect(hex(map.lookup(u32(1)))).toBe('010203040506');
    expect(dump(map).map(({ value }) => dumpedBytes(value!))).toEqual(['000000000000', '010203040506', '000000000000']);
    expect([...map.keys()].map(hex)).toEqual(['00000000', '01000000', '02000000']);
    expect(map.lookup(u32(3))).toBeUndefined();
    expect(() => map.update(u32(3), bytes('010203040506'))).toThrow(errno('E2BIG'));
    expect(() => map.update(u32(1), bytes('010203040506'), 'create')).toThrow(errno('EEXIST'));
    expect(() => map.delete(u32(1))).toThrow(errno('EINVAL'));
  });
});

describe('hash', () => {
  test('has the elements that were put in, as bpftool sees them', () => {
    using map = make('hash', 6, 2, 10);
    expect(shown(map)).toMatchObject({ type: 'hash', bytes_key: 6, bytes_value: 2, max_entries: 10 });
    expect([...map.keys()]).toEqual([]);
    expect(map.lookup(bytes('000000000001'))).toBeUndefined();
    for (const i of [1, 2, 3]) map.update(bytes(`00000000000${i}`), bytes(`0${i}ff`));
    const elements = () =>
      Object.fromEntries(dump(map).map(({ key, value }) => [dumpedBytes(key), dumpedBytes(value!)]));
    expect(elements()).toEqual({ '000000000001': '01ff', '000000000002': '02ff', '000000000003': '03ff' });
    expect([...map.keys()].map(hex).toSorted()).toEqual(Object.keys(elements()).toSorted());
    expect(map.delete(bytes('000000000002'))).toBe(true);
    expect(map.delete(bytes('000000000002'))).toBe(false);
    expect(Object.keys(elements())).toHaveLength(2);
  });

  test('creates, replaces, and takes no more than fits', () => {
    using map = make('hash', 4, 4, 2);
    expect(() => map.update(u32(1), u32(1), 'replace')).toThrow(errno('ENOENT'));
    map.update(u32(1), u32(1), 'create');
    expect(() => map.update(u32(1), u32(2), 'create')).toThrow(errno('EEXIST'));
    map.update(u32(1), u32(2), 'replace');
    map.update(u32(2), u32(9));
    expect(() => map.update(u32(3), u32(9))).toThrow(errno('E2BIG'));
    expect(hex(map.lookup(u32(1)))).toBe('02000000');
  });

  test('all keys of a large one, each once', () => {
    using map = make('hash', 4, 4, 1000);
    for (let i = 0; i < 1000; i++) map.update(u32(i), u32(i * i));
    const keys = [...map.keys()].map((key) => new Uint32Array(key.buffer)[0]);
    expect(new Set(keys).size).toBe(1000);
    expect(keys).toHaveLength(1000);
    expect(dump(map)).toHaveLength(1000);
  });
});

describe('percpuArray', () => {
  test('has one value for each possible CPU, padded to 8 bytes', () => {
    using map = make('percpuArray', 4, 4, 2);
    expect(shown(map)).toMatchObject({ type: 'percpu_array', bytes_value: 4 });
    expect(map.lookupSize).toBe(8 * possibleCpus());
    const value = new Uint8Array(map.lookupSize);
    for (let cpu = 0; cpu < possibleCpus(); cpu++) value[cpu * 8] = cpu + 1;
    map.update(u32(1), value);
    expect(map.lookup(u32(1))).toEqual(value);
    const [, element] = dump(map);
    const expected = Array.from({ length: possibleCpus() }, (_, cpu) => ({
      cpu,
      value: [hexByte(cpu + 1), '0x00', '0x00', '0x00'],
    }));
    expect(element?.values).toEqual(expected);
    expect(() => map.update(u32(1), u32(1))).toThrow(RangeError);
  });

  test('there are as many possible CPUs as the kernel says', () => {
    const list = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim();
    expect(list).toBe(possibleCpus() === 1 ? '0' : `0-${possibleCpus() - 1}`);
  });
});

describe('xskmap', () => {
  test('remembers what the kernel does not tell', () => {
    using map = new XskMap(uniqueName(), 4);
    expect(shown(map)).toMatchObject({ type: 'xskmap', max_entries: 4 });
    using socket = unboundSocket();
    using memory = new OwnedFd(calls.memfd('no-socket', 1), 'no socket');
    map.set(2, socket.fd);
    map.set(3, socket.fd);
    expect([...map.entries()]).toEqual([
      [2, socket.fd],
      [3, socket.fd],
    ]);
    expect(() => map.set(1, memory.fd)).toThrow(errno('ENOTSOCK'));
    expect(() => map.set(4, socket.fd)).toThrow(errno('E2BIG'));
    map.unset(2);
    map.unset(2);
    expect([...map.entries()]).toEqual([[3, socket.fd]]);
    expect(() => map.lookup(u32(3))).toThrow(errno('EOPNOTSUPP'));
  });
});

test('keys and values of another size are refused before the kernel reads beyond them', () => {
  using map = make('hash', 4, 8, 4);
  const words = new RegExp(`a key of map ${map.name} has 4 bytes, not 3`);
  expect(() => map.lookup(new Uint8Array(3))).toThrow(words);
  expect(() => map.delete(new Uint8Array(3))).toThrow(words);
  expect(() => map.update(new Uint8Array(3), new Uint8Array(8))).toThrow(words);
  expect(() => map.update(new Uint8Array(4), new Uint8Array(7))).toThrow('has 8 bytes, not 7');
  expect(() => map.update(new Uint8Array(4), new Uint8Array(9))).toThrow(RangeError);
});

test('names are cut and cleaned as the kernel wants them', () => {
  using map = new BpfMap({
    kind: 'array',
    name: `a b/ü${uniqueName()}-too-long`,
    keySize: 4,
    valueSize: 4,
    maxEntries: 1,
  });
  const names: string[] = bpftool('map show').map(({ name }: { name?: string }) => name);
  expect(names).toContain(map.name.replaceAll(/[^A-Za-z0-9_.]/g, '_').slice(0, 15));
});

test('sizes that the kernel refuses', () => {
  expect(() => make('array', 8, 4, 1)).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
  expect(() => make('hash', 4, 4, 0)).toThrow(expect.objectContaining({ code: 'XDP_ERR_SYSTEM' }));
});

test('what the kernel says of a map is what bpftool shows', () => {
  using map = make('lpmTrie', 8, 3, 10);
  const { id, ...info } = map.info;
  expect(info).toEqual({
    kind: 'lpmTrie',
    type: MapKind.lpmTrie,
    name: map.name,
    keySize: 8,
    valueSize: 3,
    maxEntries: 10,
    flags: MapFlag.noPrealloc,
    frozen: false,
  });
  expect(bpftool(`map show id ${id}`)).toMatchObject({
    id,
    type: 'lpm_trie',
    name: map.name,
    bytes_key: 8,
    bytes_value: 3,
    max_entries: 10,
    flags: MapFlag.noPrealloc,
    frozen: 0,
  });
});

test('a map opened by its id is the same map', () => {
  using map = make('percpuHash', 4, 5, 10);
  using same = BpfMap.openId(map.info.id)!;
  const { kind, name, keySize, valueSize, lookupSize, maxEntries } = map;
  expect(same).toMatchObject({ kind, name, keySize, valueSize, lookupSize, maxEntries });
  same.update(u32(1), new Uint8Array(map.lookupSize).fill(0));
  expect([...map.keys()]).toEqual([u32(1)]);
  expect(BpfMap.openId(0x7fff_ffff)).toBeUndefined();
});

test('a map of a kind that nobody here knows is not opened', () => {
  const BPF_MAP_TYPE_BLOOM_FILTER = 30;
  const attributes = new Uint32Array(20);
  attributes.set([BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 10]);
  using bloom = new OwnedFd(calls.bpf(0, attributes), 'bloom filter');
  expect(() => new BpfMap(bloom)).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_PLATFORM', message: expect.stringMatching(/is of kind 30/) }),
  );
});

test('writing ends when a map is frozen', () => {
  using map = make('array', 4, 4, 2, MapFlag.readOnlyForPrograms);
  map.update(u32(0), u32(5));
  map.freeze();
  expect(map.info.frozen).toBe(true);
  expect(map.lookup(u32(0))).toEqual(u32(5));
  const refused = expect.objectContaining({
    code: 'XDP_ERR_PERMISSION',
    message: expect.stringContaining('is not allowed: it is frozen'),
  });
  expect(() => map.update(u32(0), u32(6))).toThrow(refused);
  expect(() => map.updateBatch(u32(0), u32(6))).toThrow(refused);
  expect(() => map.freeze()).toThrow(refused);
});

describe('an array in memory', () => {
  test('is what lookups see, and programs write', () => {
    using map = make('array', 4, 12, 1000, MapFlag.mappable);
    using memory = map.memory();
    const words = new Uint32Array(memory.buffer);
    map.update(u32(3), bytes('010000000200000003000000'));
    // Each value begins at a multiple of 8 bytes.
    expect([...words.subarray((3 * 16) / 4, (3 * 16) / 4 + 3)]).toEqual([1, 2, 3]);
    words[(999 * 16) / 4 + 2] = 0x0a0b0c0d;
    expect(hex(map.lookup(u32(999)))).toBe('00000000000000000d0c0b0a');
    expect(() => map.freeze()).toThrow(errno('EBUSY'));
    memory.close();
    map.freeze();
    expect(() => map.memory()).toThrow(expect.objectContaining({ code: 'XDP_ERR_PERMISSION' }));
  });

  test('counts as programs do', () => {
    using map = new BpfMap({ kind: 'array', name: 'counts', valueSize: 8, maxEntries: 1, flags: MapFlag.mappable });
    using memory = map.memory();
    const count = new BigUint64Array(memory.buffer, 0, 1);
    using program = counting(map, 0, XdpAction.pass);
    new TestRun(program).run(new Uint8Array(60), { repeat: 100 });
    expect(Atomics.load(count, 0)).toBe(100n);
    Atomics.store(count, 0, 5n);
    new TestRun(program).run(new Uint8Array(60));
    expect(readCounts(map)).toEqual([6]);
  });

  test('is only there where the map was made for it', () => {
    using map = make('array', 4, 8, 1);
    expect(() => map.memory()).toThrow(expect.objectContaining({ code: 'XDP_ERR_SYSTEM' }));
  });
});

test('an array of another length stands in a map of maps, if it was made for that', () => {
  using template = make('array', 4, 4, 1, MapFlag.innerMap);
  using longer = make('array', 4, 4, 9, MapFlag.innerMap);
  using outer = new BpfMap({ kind: 'arrayOfMaps', name: 'outer', maxEntries: 1, inner: template });
  outer.update(u32(0), u32(longer.fd));
  expect(outer.lookup(u32(0))).toEqual(u32(longer.info.id));
});

test('sizes that a kind fixes need not be given, others do', () => {
  using map = new BpfMap({ kind: 'programArray', name: 'fixed', maxEntries: 1 });
  expect(map).toMatchObject({ keySize: 4, valueSize: 4 });
  expect(() => new BpfMap({ kind: 'hash', name: 'h', valueSize: 4, maxEntries: 1 })).toThrow(
    'hash maps need a keySize',
  );
  expect(() => new BpfMap({ kind: 'array', name: 'a', maxEntries: 1 })).toThrow('array maps need a valueSize');
});

test('batches of bytes that are no elements', () => {
  using map = make('hash', 4, 8, 4);
  expect(() => map.updateBatch(new Uint8Array(6), new Uint8Array(8))).toThrow(/6 bytes are no keys of map/);
  expect(() => map.updateBatch(new Uint8Array(8), new Uint8Array(8))).toThrow(
    /2 values of map .* have 16 bytes, not 8/,
  );
  expect(() => map.deleteBatch(new Uint8Array(3))).toThrow(RangeError);
  map.updateBatch(new Uint8Array(0), new Uint8Array(0));
  expect(map.deleteBatch(new Uint8Array(0))).toBe(0);
  using queue = make('queue', 0, 4, 4);
  expect(() => queue.deleteBatch(new Uint8Array(4))).toThrow(RangeError);
});

test('a batch as large as a bucket', () => {
  // Keys of one bucket are as many as chance has it; 64 KiB hold 16 of these values.
  using map = make('hash', 4, 4096, 2000);
  const value = new Uint8Array(4096);
  for (let i = 0; i < 2000; i++) map.update(u32(i), value);
  const keys = [...map.elements()].map(([key]) => new Uint32Array(key.buffer)[0]);
  expect(keys).toHaveLength(2000);
  expect(new Set(keys).size).toBe(2000);
});

test('a closed map says so', () => {
  const map = make('array', 4, 4, 1);
  map.close();
  map.close();
  expect(() => map.lookup(u32(0))).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
  expect(() => [...map.keys()]).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
});

const hexByte = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`;
