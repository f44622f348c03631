// needs: clang-14, bpftool
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { BpfMap, bpffs, TestRun, VerifierError } from '../../dist/kernel/index.js';
import { BpfObject } from '../../dist/object/index.js';
import { bpftool } from '../kernel/bpftool.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { compile, compileText } from './compile.js';
import { sectionsOf } from './elf-places.js';
import { udpFrame } from './packets.js';

failOnLeaks();
const error = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const PROGRAM = 'SEC("xdp") int run(struct xdp_md *ctx) { return XDP_PASS; }';

describe('files', () => {
  test.each<[string, () => string | Uint8Array, RegExp]>([
    ['of other kinds', () => '/etc/passwd', /\/etc\/passwd: this is no ELF file/],
    ['without anything', () => new Uint8Array(0), /no ELF file/],
    ['for another machine', () => compile('optional', 'x86_64-linux-gnu'), /for machine 62, not for BPF/],
    ['for machines that store the other way round', () => compile('optional', 'bpfeb'), /little-endian/],
    [
      'with maps of old',
      () => compileText('old', `struct { int type; } counts SEC("maps"); ${PROGRAM}`),
      /section "maps"/,
    ],
    [
      'with maps and without types',
      () => compileText('untyped', `struct { __uint(type, 1); } counts SEC(".maps"); ${PROGRAM}`, []),
      /no BTF/,
    ],
    [
      'with a kind of map that is not known',
      () =>
        compileText('kind', `struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); } counts SEC(".maps"); ${PROGRAM}`),
      /map counts is of a kind that xdpkit does not have \(enum bpf_map_type 4\)/,
    ],
    [
      'with a field of a map that is not known',
      () => compileText('field', `struct { __uint(type, 1); __uint(numa_node, 3); } counts SEC(".maps"); ${PROGRAM}`),
      /map counts has a field numa_node/,
    ],
    [
      'whose variables hold addresses',
      () => compileText('address', `int a = 1; int *p[2] = {0, &a}; ${PROGRAM}`),
      /section \.data holds the address of a at byte 16/,
    ],
    [
      'that ask for the configuration of the kernel',
      () =>
        compileText(
          'config',
          'extern int CONFIG_HZ __kconfig; SEC("xdp") int run(struct xdp_md *ctx) { return CONFIG_HZ; }',
        ),
      /CONFIG_HZ/,
    ],
    [
      'with programs for other places only',
      () => compileText('tc', 'SEC("tc") int cls(struct __sk_buff *skb) { return 0; }'),
      /no XDP program, but cls \(section tc\)/,
    ],
    ['without a program', () => compileText('empty', 'int x;'), /no XDP program$/],
  ])('%s', (_, make, message) => {
    expect(() => BpfObject.open(make())).toThrow(error('XDP_ERR_OBJECT', message));
  });

  test('that are not there', () => {
    expect(() => BpfObject.open('/nowhere/at-all.o')).toThrow(error('XDP_ERR_USAGE', /at-all\.o can't be read/));
  });

  test('programs for other places beside XDP are left out, with a notice', () => {
    const object = BpfObject.open(
      compileText('both', `${PROGRAM} SEC("tc") int cls(struct __sk_buff *skb) { return 0; }`),
    );
    expect(object.notices).toEqual(['cls (section tc) is no XDP program, and is left out']);
    using loaded = object.load();
    expect([...loaded.programs.keys()]).toEqual(['run']);
  });
});

describe('loading', () => {
  const pin = `${bpffs()}/xdpkit-test-half-${process.pid}`;
  afterEach(() => rmSync(pin, { force: true }));

  test('a program that the verifier refuses leaves nothing', async () => {
    const object = BpfObject.open(
      compileText(
        'half',
        `struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, int); __type(value, int); }
           xdpkit_half SEC(".maps");
         int xdpkit_half_data = 1;
         SEC("xdp") int good(struct xdp_md *ctx) { int k = xdpkit_half_data++; return !bpf_map_lookup_elem(&xdpkit_half, &k); }
         SEC("xdp") int bad(struct xdp_md *ctx) { return *(int *)(long)ctx->data; }`,
      ),
    );
    const load = () => object.load({ pins: { xdpkit_half: pin } });
    expect(load).toThrow(error('XDP_ERR_VERIFIER', /the program bad.*\n?.*invalid access to packet/s));
    expect(load).toThrow(VerifierError);
    expect(existsSync(pin)).toBe(false);
    const left = () => {
      const names: { name?: string }[] = [...bpftool('map show'), ...bpftool('prog show')];
      return names.filter(({ name }) => name === 'xdpkit_half' || name === 'half.data' || name === 'good');
    };
    await expect.poll(left, { timeout: patient(5_000) }).toEqual([]);
    using loaded = object.load({ programs: ['good'] });
    expect([...loaded.programs.keys()]).toEqual(['good']);
  });

  test('names that are not there', () => {
    const object = BpfObject.open(compile('counter'));
    using map = new BpfMap({ kind: 'array', name: 'a', valueSize: 4, maxEntries: 1 });
    const usage = (message: RegExp) => error('XDP_ERR_USAGE', message);
    expect(() => object.load({ programs: ['nope'] })).toThrow(usage(/no program called "nope"/));
    expect(() => object.load({ maps: { nope: map } })).toThrow(usage(/no map called "nope"/));
    expect(() => object.load({ pins: { nope: pin } })).toThrow(usage(/no map called "nope"/));
    expect(() => object.load({ maps: { ports: map } })).toThrow(usage(/is no ports: its kind is array, not hash/));
    using loaded = object.load();
    expect(() => loaded.program('nope')).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_USAGE', advice: 'its programs: count_packets' }),
    );
    expect(() => loaded.typedMap('nope')).toThrow(usage(/no map called "nope"/));
  });

  test('functions that the kernel does not have', () => {
    const source =
      'extern int bpf_nowhere(void) __ksym; SEC("xdp") int run(struct xdp_md *ctx) { return bpf_nowhere(); }';
    const object = BpfObject.open(compileText('nowhere', source));
    expect(() => object.load()).toThrow(error('XDP_ERR_PLATFORM', /this kernel has no bpf_nowhere/));
  });

  test('helpers that the license does not allow', () => {
    const bytes = readFileSync(compile('functions'));
    const license = bytes.lastIndexOf('GPL\0');
    bytes.write('BSD', license);
    const object = BpfObject.open(bytes);
    expect(object.license).toBe('BSD');
    const source = 'SEC("xdp") int run(struct xdp_md *ctx) { bpf_trace_printk("", 1); return 2; }';
    const other = readFileSync(compileText('license', source));
    other.write('BSD', other.lastIndexOf('GPL\0'));
    expect(() => BpfObject.open(other).load()).toThrow(error('XDP_ERR_VERIFIER', /GPL/));
  });

  test('BTF that the kernel refuses is left out, with a notice', () => {
    const bytes = readFileSync(compile('counter'));
    // A type `int` of 200 bits.
    const start = sectionsOf(bytes).find(({ name }) => name === '.BTF')!.offset;
    const types = start + bytes.readUInt32LE(start + 4) + bytes.readUInt32LE(start + 8);
    const INT = 1;
    let at = types;
    while (bytes[at + 7] !== INT) at += 12;
    bytes.writeUInt8(200, at + 12);
    const object = BpfObject.open(bytes);
    using loaded = object.load();
    expect(loaded.notices).toEqual([
      expect.stringMatching(/^loaded without BTF, .* the kernel refused the BTF: .*nr_bits/),
    ]);
    expect(new TestRun(loaded.program('count_packets')).run(udpFrame({ port: 42 })).action).toBe(1);
    expect(bpftool(`prog show id ${loaded.program('count_packets').info.id}`)).not.toHaveProperty('btf_id');
  });
});

test('the file may be changed or removed once it is open', () => {
  const file = compileText('gone', PROGRAM);
  const object = BpfObject.open(file);
  writeFileSync(file, '');
  using loaded = object.load();
  expect(new TestRun(loaded.program('run')).run(udpFrame()).action).toBe(2);
});
