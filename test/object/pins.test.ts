// needs: clang-14, bpftool
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BpfMap, bpffs, TestRun } from '../../dist/kernel/index.js';
import { BpfObject } from '../../dist/object/index.js';
import { bpftool } from '../kernel/bpftool.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { compile, compileText } from './compile.js';
import { udpFrame } from './packets.js';

failOnLeaks();
const directory = `${bpffs()}/xdpkit-test-pins-${process.pid}`;
beforeEach(() => mkdirSync(directory));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const SHARED = `
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u32);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
} devices SEC(".maps");
SEC("xdp") int run(struct xdp_md *ctx) {
  __u32 key = 1;
  __u64 one = 1, *count = bpf_map_lookup_elem(&shared, &key);
  if (count) ++*count;
  else bpf_map_update_elem(&shared, &key, &one, BPF_ANY);
  return XDP_PASS;
}`;

test('maps with LIBBPF_PIN_BY_NAME are pinned, and shared by whoever loads the object', () => {
  const object = BpfObject.open(compileText('shared', SHARED));
  expect(object.maps.get('shared')?.pinned).toBe(true);
  const options = { pinDirectory: directory };
  const count = () => {
    using loaded = object.load(options);
    new TestRun(loaded.program('run')).run(udpFrame());
    return loaded.typedMap('shared').get(1);
  };
  expect([count(), count(), count()]).toEqual([1n, 2n, 3n]);
  expect(readdirSync(directory).sort()).toEqual(['devices', 'shared']);
  expect(bpftool(`map show pinned ${directory}/shared`)).toMatchObject({ name: 'shared', type: 'hash' });
  using pinned = BpfMap.openPinned(`${directory}/shared`);
  expect([...pinned.typed('u32', 'u64')]).toEqual([[1, 3n]]);
});

test('a pin of another shape is refused, and stays', () => {
  using other = new BpfMap({ kind: 'hash', name: 'other', keySize: 4, valueSize: 4, maxEntries: 8 });
  other.pin(`${directory}/shared`);
  const object = BpfObject.open(compileText('shared', SHARED));
  expect(() => object.load({ pinDirectory: directory })).toThrow(
    expect.objectContaining({
      code: 'XDP_ERR_USAGE',
      message: `the map pinned at ${directory}/shared is no shared: its valueSize is 4, not 8`,
    }),
  );
  expect(readdirSync(directory)).toEqual(['shared']);
});

test('maps can be pinned anywhere', () => {
  const object = BpfObject.open(compile('counter'));
  const pins = { ports: `${directory}/ports`, actions: `${directory}/actions` };
  const count = () => {
    using loaded = object.load({ pins });
    new TestRun(loaded.program('count_packets')).run(udpFrame({ port: 5 }));
    return loaded.typedMap('ports').get(5);
  };
  expect(count()).toEqual({ packets: 1n, bytes: 60n });
  expect(count()).toEqual({ packets: 2n, bytes: 120n });
});

test('when one pin fails, none is left', () => {
  const object = BpfObject.open(compile('counter'));
  const pins = { ports: `${directory}/ports`, actions: '/run/xdpkit-no-bpffs' };
  expect(() => object.load({ pins })).toThrow(expect.objectContaining({ code: expect.stringMatching(/^XDP_ERR_/) }));
  expect(readdirSync(directory)).toEqual([]);
  expect(existsSync('/run/xdpkit-no-bpffs')).toBe(false);
});
