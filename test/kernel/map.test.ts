// needs: bpftool
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BpfMap, type MapKind, possibleCpus, u32, XskMap } from '../../dist/kernel/index.js';
import { calls, OwnedFd } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { bpftool, type DumpedElement, dumpedBytes } from './bpftool.js';

failOnLeaks();
const AF_XDP = 44;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;

/** A name that no other map has: bpftool finds it by that. */
let count = 0;
function make(kind: MapKind, keySize: number, valueSize: number, maxEntries: number): BpfMap {
  return new BpfMap({ kind, name: uniqueName(), keySize, valueSize, maxEntries });
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
    using socket = new OwnedFd(calls.socket(AF_XDP, SOCK_RAW_CLOEXEC, 0), 'AF_XDP socket');
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

test('a closed map says so', () => {
  const map = make('array', 4, 4, 1);
  map.close();
  map.close();
  expect(() => map.lookup(u32(0))).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
  expect(() => [...map.keys()]).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
});

const hexByte = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`;
