import { Assembler, link, R0, R1, R2, type XdpAction } from '../../dist/ebpf/index.js';
import { BpfMap, type ProgramOptions, u32, XdpProgram } from '../../dist/kernel/index.js';

type Action = (typeof XdpAction)[keyof typeof XdpAction];

/** A program written by `write`; `maps` has the maps that it names. */
export function written(
  write: (a: Assembler) => Assembler,
  maps: Readonly<Record<string, { readonly fd: number }>> = {},
  options: Partial<ProgramOptions> = {},
): XdpProgram {
  const descriptors = Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, map.fd]));
  return new XdpProgram({
    name: 'written',
    ...options,
    instructions: link(write(new Assembler()).assemble(), descriptors),
  });
}

/** A program that only returns. */
export function returning(action: Action, name = 'returning', options: Partial<ProgramOptions> = {}): XdpProgram {
  return written((a) => a.mov(R0, action).exit(), {}, { ...options, name });
}

/** A program that adds 1 to a u64 of an array map's only value, at `offset`, for each packet. */
export function counting(counts: BpfMap, offset: number, action: Action): XdpProgram {
  return written(
    (a) => a.mapValue(R1, 'counts', offset).mov(R2, 1).atomic('add', 'u64', R1, 0, R2).mov(R0, action).exit(),
    { counts },
    { name: 'counting' },
  );
}

export function countsMap(slots: number): BpfMap {
  return new BpfMap({ kind: 'array', name: 'counts', keySize: 4, valueSize: slots * 8, maxEntries: 1 });
}

export function readCounts(counts: BpfMap): number[] {
  return Array.from(new BigUint64Array(counts.lookup(u32(0))!.buffer), Number);
}
