import { Assembler, link, R0, R1, R2, type XdpAction } from '../../dist/ebpf/index.js';
import { BpfMap, u32, XdpProgram } from '../../dist/kernel/index.js';

type Action = (typeof XdpAction)[keyof typeof XdpAction];

/** A program that only returns. */
export function returning(action: Action, name = 'returning'): XdpProgram {
  return new XdpProgram({ name, instructions: link(new Assembler().mov(R0, action).exit().assemble()) });
}

/** A program that adds 1 to a u64 of an array map's only value, at `offset`, for each packet. */
export function counting(counts: BpfMap, offset: number, action: Action): XdpProgram {
  const a = new Assembler();
  a.mapValue(R1, 'counts', offset).mov(R2, 1).atomic('add', 'u64', R1, 0, R2).mov(R0, action).exit();
  return new XdpProgram({ name: 'counting', instructions: link(a.assemble(), { counts: counts.fd }) });
}

export function countsMap(slots: number): BpfMap {
  return new BpfMap({ kind: 'array', name: 'counts', keySize: 4, valueSize: slots * 8, maxEntries: 1 });
}

export function readCounts(counts: BpfMap): number[] {
  return Array.from(new BigUint64Array(counts.lookup(u32(0))!.buffer), Number);
}
