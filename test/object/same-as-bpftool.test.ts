// needs: clang-14, bpftool
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { decode } from '../../dist/ebpf/index.js';
import { bpffs, XdpProgram } from '../../dist/kernel/index.js';
import { BpfObject } from '../../dist/object/index.js';
import { bpftool } from '../kernel/bpftool.js';
import { failOnLeaks, needKernel, run } from '../netdev/oracle.js';
import { compile, EXAMPLES } from './compile.js';

failOnLeaks();
const pins = `${bpffs()}/xdpkit-test-object-${process.pid}`;
const directory = mkdtempSync(join(tmpdir(), 'xdpkit-xlated-'));
afterEach(() => rmSync(pins, { recursive: true, force: true }));
afterAll(() => rmSync(directory, { recursive: true }));

/** The load of 64 bits, whose source field says that it loads a map, or a place in its value. */
const LOAD_64 = 0x18;

interface ShownMap {
  readonly id: number;
  readonly name: string;
}

/** What the kernel made of a program: its instructions, its maps, its types. */
function inKernel(program: XdpProgram) {
  const { id, name, mapIds } = program.info;
  const maps: ShownMap[] = mapIds.map((map) => bpftool(`map show id ${map}`));
  const names = new Map(maps.map((map) => [map.id, map.name]));
  const file = join(directory, 'xlated');
  run(`bpftool prog dump xlated id ${id} file ${file}`);
  // The kernel shows maps by their ids, which each load has of its own.
  const code = decode(readFileSync(file)).map((one) =>
    one.opcode === LOAD_64 && one.src > 0 ? { ...one, immediate: names.get(one.immediate) } : one,
  );
  const shapes = maps
    .map((map) => ({ ...map, id: 0, bytes_memlock: 0, btf_id: 'btf_id' in map, pids: 0 }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const { btf_id: btf } = bpftool(`prog show id ${id}`);
  return { name, code, shapes, types: bpftool(`btf dump id ${btf}`).types };
}

/** The same in words, with the lines of the source: that takes bpftool a third of a second. */
function inWords(program: XdpProgram): string {
  const { id, mapIds } = program.info;
  const names = new Map(mapIds.map((map) => [map, bpftool(`map show id ${map}`).name]));
  const text = run(`bpftool prog dump xlated id ${id} linum`);
  return text.replace(/map\[id:(\d+)\]/g, (_, map) => `map[${names.get(Number(map))}]`);
}

function expectSame(file: string, { types = true } = {}): void {
  run(`bpftool prog loadall ${file} ${pins}`);
  using loaded = BpfObject.open(file).load();
  expect(loaded.notices).toEqual([]);
  expect([...loaded.programs.keys()].sort()).toEqual(readdirSync(pins).sort());
  for (const [i, [key, program]] of [...loaded.programs].entries()) {
    using theirProgram = XdpProgram.openPinned(`${pins}/${key}`);
    const { types: ourTypes, ...ours } = inKernel(program);
    const { types: theirTypes, ...theirs } = inKernel(theirProgram);
    expect(ours.code.length).toBeGreaterThan(1);
    // libbpf ties read-only data to all programs, also to those that do without it (BPF_PROG_BIND_MAP).
    const isUsed = ({ name }: ShownMap) => !name.endsWith('.rodata') || ours.shapes.some((map) => map.name === name);
    expect(ours).toEqual({ ...theirs, shapes: theirs.shapes.filter(isUsed) });
    // Ours has two types more.
    if (types) expect(ourTypes.slice(0, -2)).toEqual(theirTypes);
    if (i > 0) continue;
    expect(inWords(program)).toBe(inWords(theirProgram));
    expect(inWords(program)).toContain('; ');
  }
}

// What bpftool 7.1 pins has to be loaded, which an optional program is not. And for what stands in the kernel, each has its
// own way of telling the kernel so.
test.each(EXAMPLES.filter((name) => name !== 'optional' && name !== 'kernel'))('%s', (name) => {
  expectSame(compile(name));
});

test('kernel', (context) => {
  needKernel(context, 5, 17);
  expectSame(compile('kernel'), { types: false });
});

describe.runIf(existsSync('/usr/include/xdp'))('those of libxdp (needs libxdp-dev)', () => {
  const directory = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/bpf`;
  test.each(['xdp-dispatcher.o', 'xsk_def_xdp_prog.o'])('%s', (name) => {
    expectSame(`${directory}/${name}`);
  });
});
