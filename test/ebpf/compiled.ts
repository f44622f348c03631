import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Assembled, decode } from '../../dist/ebpf/index.js';

const SOURCES = new URL('./clang/', import.meta.url).pathname;

/** Programs in C: test/ebpf/clang. */
export const PROGRAMS = ['parser', 'counters', 'lpm', 'subprograms', 'tail-calls', 'loops', 'tunnel'] as const;

/** Compiles one of them for eBPF. The maps it names are references, as in what an assembler makes. */
export function compiled(program: (typeof PROGRAMS)[number], ...options: string[]): Assembled & { bytes: Uint8Array } {
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-clang-'));
  try {
    const object = join(directory, 'p.o');
    const section = join(directory, 'p.bin');
    const include = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
    const source = join(SOURCES, `${program}.c`);
    execFileSync('clang-14', [
      '-target',
      'bpf',
      '-O2',
      '-Wall',
      '-Werror',
      include,
      ...options,
      '-c',
      source,
      '-o',
      object,
    ]);
    execFileSync('llvm-objcopy-14', ['-O', 'binary', '--only-section=xdp', object, section]);
    const bytes = new Uint8Array(readFileSync(section));
    const relocations = execFileSync('llvm-objdump-14', ['-r', object], { encoding: 'utf8' });
    const ours = /RELOCATION RECORDS FOR \[xdp\]:\n(.*?)(\n\n|$)/s.exec(relocations)?.[1] ?? '';
    const mapReferences = [...ours.matchAll(/^([0-9a-f]+) R_BPF_64_64\s+(\S+)/gm)].map(([, offset, name]) => ({
      index: Number.parseInt(offset!, 16) / 8,
      name: name!,
    }));
    const atMap = new Set(mapReferences.map(({ index }) => index));
    // BPF_PSEUDO_MAP_FD: what a loader writes there.
    const instructions = decode(bytes).map((instruction, i) =>
      atMap.has(i) ? { ...instruction, src: 1 } : instruction,
    );
    return {
      bytes,
      instructions,
      mapReferences,
      kernelFunctionReferences: [],
      labels: new Map(),
      comments: new Map(),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
