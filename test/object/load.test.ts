// needs: clang-14, bpftool
import { execFileSync } from 'node:child_process';
import { release } from 'node:os';
import { describe, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { BpfMap, TestRun, u32 } from '../../dist/kernel/index.js';
import { BpfObject, type LoadedObject, type LoadOptions } from '../../dist/object/index.js';
import { bpftool } from '../kernel/bpftool.js';
import { failOnLeaks, kernelIs, needKernel } from '../netdev/oracle.js';
import { compile, compileText } from './compile.js';
import { udpFrame } from './packets.js';

failOnLeaks();

const load = (name: string, options?: LoadOptions) => BpfObject.open(compile(name)).load(options);
const action = (loaded: LoadedObject, name: string, packet: Uint8Array = udpFrame()) =>
  new TestRun(loaded.program(name)).run(packet).action;

describe('three kinds of maps and global variables', () => {
  test('count what comes in', () => {
    using loaded = load('counter');
    const run = new TestRun(loaded.program('count_packets'));
    expect(run.run(udpFrame({ port: 42 })).action).toBe(XdpAction.drop);
    expect(run.run(udpFrame({ port: 443, length: 100 })).action).toBe(XdpAction.pass);
    expect(run.run(udpFrame({ port: 443, length: 80 })).action).toBe(XdpAction.pass);
    expect(run.run(new Uint8Array(60)).action).toBe(XdpAction.pass);

    expect(new Map(loaded.typedMap('ports'))).toEqual(
      new Map([
        [42, { packets: 1n, bytes: 60n }],
        [443, { packets: 2n, bytes: 180n }],
      ]),
    );
    const sum = (key: number) => (loaded.typedMap('actions').get(key) as bigint[]).reduce((a, b) => a + b);
    expect([sum(XdpAction.drop), sum(XdpAction.pass), sum(XdpAction.tx)]).toEqual([1n, 3n, 0n]);
    expect(loaded.variables.get('seen')?.get()).toBe(4n);
    expect(loaded.variables.get('last_network')?.get()).toBe(-1);
  });

  test('are written from here, and the program sees it', () => {
    const object = BpfObject.open(compile('counter'));
    object.variables.get('blocked_port')?.set(7);
    object.variables.get('seen')?.set(1000);
    using loaded = object.load();
    const run = new TestRun(loaded.program('count_packets'));
    loaded.typedMap('networks').set({ length: 8, address: Uint8Array.of(10, 0, 0, 0) }, 88);
    loaded.typedMap('networks').set({ length: 24, address: Uint8Array.of(10, 0, 3, 0) }, 77);
    loaded.typedMap('ports').set(7, { packets: 10, bytes: 1n << 40n });
    const network = (source: number[]) => {
      expect(run.run(udpFrame({ source, port: 7 })).action).toBe(XdpAction.drop);
      return loaded.variables.get('last_network')?.get();
    };
    expect([network([10, 0, 3, 9]), network([10, 4, 4, 4]), network([11, 0, 0, 1])]).toEqual([77, 88, -1]);
    expect(loaded.typedMap('ports').get(7)).toEqual({ packets: 13n, bytes: (1n << 40n) + 180n });
    expect(loaded.variables.get('seen')?.get()).toBe(1003n);
    loaded.variables.get('seen')?.set(5n);
    network([1, 1, 1, 1]);
    expect(loaded.variables.get('seen')?.get()).toBe(6n);
  });

  test('bpftool shows names, types and values', () => {
    using loaded = load('counter');
    new TestRun(loaded.program('count_packets')).run(udpFrame({ port: 443 }));
    const dump = (name: string) => bpftool(`map dump id ${loaded.maps.get(name)!.info.id}`);
    expect(dump('ports')).toEqual([
      expect.objectContaining({ formatted: { key: 443, value: { packets: 1, bytes: 60 } } }),
    ]);
    expect(dump('.bss')[0].formatted.value).toEqual({ '.bss': [{ seen: 1 }] });
    expect(dump('.rodata')[0].formatted.value).toEqual({ '.rodata': [{ blocked_port: 42 }] });
    const program = bpftool(`prog show id ${loaded.program('count_packets').info.id}`);
    expect(program).toMatchObject({ type: 'xdp', name: 'count_packets', gpl_compatible: true });
    expect([...loaded.maps.values()].map(({ info }) => info.id)).toEqual(expect.arrayContaining(program.map_ids));
    expect([...loaded.maps.values()].map(({ info }) => info.name)).toEqual([
      'ports',
      'networks',
      'actions',
      'counter.rodata',
      'counter.data',
      'counter.bss',
    ]);
    const { name } = bpftool(`btf dump id ${program.btf_id}`).types.find(
      (one: { kind: string }) => one.kind === 'FUNC',
    );
    expect(name).toBe('count_packets');
    const lines = bpftool(`prog dump xlated id ${program.id} linum`);
    expect(JSON.stringify(lines)).toContain('seen++;');
  });

  test('an object may be loaded twice, and its copies know nothing of each other', () => {
    const object = BpfObject.open(compile('counter'));
    using one = object.load();
    using other = object.load();
    action(one, 'count_packets');
    expect([one, other].map(({ variables }) => variables.get('seen')?.get())).toEqual([1n, 0n]);
    expect(object.variables.get('seen')?.get()).toBe(0n);
  });
});

describe('functions', () => {
  // As the C source has it: leaf(x) is 3x + calls, with calls counted before.
  test('that programs share, each program with its own copy', () => {
    using loaded = load('functions');
    const calls = loaded.variables.get('calls')!;
    const length = 60;
    expect(action(loaded, 'first')).toBe(3 * (length + 1) + 1 + 3 * (length + 2) + 2 + (length & 15));
    expect(calls.get()).toBe(12);
    calls.set(0);
    expect(action(loaded, 'second')).toBe(3 * 2 + 1 + 3 * 3 + 2 + 1 + 3 * 5 + 3);
    expect(action(loaded, 'alone')).toBe(XdpAction.tx);
  });

  test('that the kernel calls', (context) => {
    needKernel(context, 5, 17);
    using loaded = load('functions');
    // leaf(0) + … + leaf(3)
    expect(action(loaded, 'looping')).toBe(3 * (0 + 1 + 2 + 3) + (1 + 2 + 3 + 4));
  });
});

test('sections say where programs belong', () => {
  const object = BpfObject.open(compile('sections'));
  expect([...object.programs.values()]).toEqual([
    { name: 'plain', section: 'xdp', attachTo: 'interface', fragments: false, optional: false },
    { name: 'fragments', section: 'xdp.frags', attachTo: 'interface', fragments: true, optional: false },
    { name: 'on_device', section: 'xdp/devmap', attachTo: 'devmap', fragments: false, optional: false },
    { name: 'on_cpu', section: 'xdp/cpumap', attachTo: 'cpumap', fragments: false, optional: false },
  ]);
  using loaded = object.load();
  expect(action(loaded, 'fragments')).toBe(XdpAction.drop);
  expect(action(loaded, 'fragments', udpFrame({ length: 9000 }))).toBe(XdpAction.tx);
  using devices = new BpfMap({ kind: 'devmap', name: 'devices', maxEntries: 1 });
  const entry = (name: string) => Uint8Array.from([...u32(1), ...u32(loaded.program(name).fd)]);
  devices.update(u32(0), entry('on_device'));
  expect(() => devices.update(u32(0), entry('plain'))).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
});

test('an optional program is loaded only when it is named', () => {
  const object = BpfObject.open(compile('optional'));
  using loaded = object.load();
  expect([...loaded.programs.keys()]).toEqual(['always']);
  using named = object.load({ programs: ['on_request'] });
  expect([...named.programs.keys()]).toEqual(['on_request']);
});

test('a program array has its programs from the start', () => {
  const object = BpfObject.open(compile('tail-calls'));
  expect(object.maps.get('steps')?.entries).toEqual([
    { index: 1, name: 'drop' },
    { index: 5, name: 'bounce' },
  ]);
  // Those in the array come along.
  using loaded = object.load({ programs: ['enter'] });
  expect([...loaded.programs.keys()]).toEqual(['enter', 'drop', 'bounce']);
  const verdicts = [0, 1, 2, 5].map((step) => action(loaded, 'enter', udpFrame().fill(step, 0, 1)));
  expect(verdicts).toEqual([XdpAction.pass, XdpAction.drop, XdpAction.pass, XdpAction.tx]);
  expect(loaded.variables.get('dropped')?.get()).toBe(1);
  const id = (name: string) => loaded.program(name).info.id;
  expect([...loaded.typedMap('steps')]).toEqual([
    [1, id('drop')],
    [5, id('bounce')],
  ]);
  loaded.typedMap('steps').set(2, loaded.program('bounce'));
  expect(action(loaded, 'enter', udpFrame().fill(2, 0, 1))).toBe(XdpAction.tx);
});

test('maps of maps have their maps from the start', () => {
  const object = BpfObject.open(compile('map-in-map'));
  expect(object.maps.get('sets')?.inner).toMatchObject({ kind: 'hash', keySize: 8, valueSize: 8, maxEntries: 16 });
  using loaded = object.load();
  loaded.typedMap('first').set(3, 30);
  loaded.typedMap('third').set(3, 31);
  const verdict = (table: number) => action(loaded, 'look_up', udpFrame().fill(table, 0, 1).fill(3, 1, 2));
  expect([0, 1, 2].map(verdict)).toEqual([30, XdpAction.drop, 31]);
  const id = (name: string) => loaded.maps.get(name)!.info.id;
  expect([...loaded.typedMap('tables')]).toEqual([
    [0, id('first')],
    [2, id('third')],
  ]);
  using set = new BpfMap({ kind: 'hash', name: 'mine', keySize: 8, valueSize: 8, maxEntries: 16 });
  set.typed('u64', 'u64').set(3n, 1n);
  loaded.typedMap('sets').set(1, set);
  expect([0, 1, 2].map(verdict)).toEqual([30, XdpAction.tx, 31]);
});

describe.runIf(kernelIs(6, 2))('what only the kernel knows (with its functions, Linux 6.2)', () => {
  test('is filled in', () => {
    using loaded = load('kernel');
    expect(action(loaded, 'ask', udpFrame({ length: 60 }))).toBe(XdpAction.pass);
    expect(action(loaded, 'ask', udpFrame({ length: 200 }))).toBe(XdpAction.tx);
    const { types } = JSON.parse(
      execFileSync('bpftool', ['--json', 'btf', 'dump', 'id', '1'], { encoding: 'utf8', maxBuffer: 1 << 29 }),
    );
    interface Struct {
      readonly kind: string;
      readonly name: string;
      readonly size: number;
      readonly members: readonly { readonly name: string; readonly bits_offset: number }[];
    }
    const device = types.find(({ kind, name }: Struct) => kind === 'STRUCT' && name === 'net_device') as Struct;
    const offset = (field: string) => device.members.find(({ name }) => name === field)!.bits_offset / 8;
    const value = (name: string) => loaded.variables.get(name)?.get();
    expect(value('ifindex_offset')).toBe(offset('ifindex'));
    expect(value('mtu_offset')).toBe(offset('mtu'));
    expect(value('device_size')).toBe(device.size);
    expect(value('name_size')).toBe(16);
    expect(value('action_value')).toBe(XdpAction.tx);
    expect(
      ['field_exists', 'missing_field', 'missing_struct', 'function_exists', 'missing_function'].map(value),
    ).toEqual([true, false, false, true, false]);
    expect(value('option')).toBe(0);
    expect((value('version') as number) >> 8).toBe(versionCode());
  });
});

/** LINUX_KERNEL_VERSION without its last byte. */
function versionCode(): number {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return (major << 8) + minor;
}

test('without BTF a program loads, and its variables are bytes', () => {
  const source = 'int counter = 5; SEC("xdp") int bare(struct xdp_md *ctx) { counter++; return XDP_TX; }';
  const object = BpfObject.open(compileText('bare', source, []));
  using loaded = object.load();
  expect(loaded.notices).toEqual([expect.stringContaining('-g')]);
  expect(action(loaded, 'bare')).toBe(XdpAction.tx);
  const counter = loaded.variables.get('counter')!;
  expect(counter.get()).toEqual(Uint8Array.of(6, 0, 0, 0));
  counter.set(Uint8Array.of(1, 1, 0, 0));
  action(loaded, 'bare');
  expect(counter.get()).toEqual(Uint8Array.of(2, 1, 0, 0));
});

test('closing lets everything go, and what was given stays', async () => {
  using given = new BpfMap({ kind: 'hash', name: 'given', keySize: 2, valueSize: 16, maxEntries: 1024 });
  const loaded = load('counter', { maps: { ports: given } });
  action(loaded, 'count_packets', udpFrame({ port: 9 }));
  const seen = loaded.variables.get('seen')!;
  const { id } = loaded.maps.get('actions')!.info;
  loaded.close();
  loaded.close();
  expect(() => seen.get()).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
  // The kernel takes its time.
  const isThere = () => {
    using map = BpfMap.openId(id);
    return map !== undefined;
  };
  await expect.poll(isThere).toBe(false);
  expect(given.lookup(Uint8Array.of(9, 0))).toBeDefined();
});

test('maps may have other sizes than the file says', () => {
  using loaded = load('counter', { maxEntries: { ports: 2, actions: 5 } });
  expect(['ports', 'actions'].map((name) => loaded.maps.get(name)!.maxEntries)).toEqual([2, 5]);
});
