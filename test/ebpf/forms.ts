import type { Instruction } from '../../dist/ebpf/index.js';

/**
 * The instruction set of RFC 9669, and what Linux added to it up to 6.18, once more, written apart from src/ebpf: what each
 * opcode is, with what else decides over its meaning. The packet access of old and address space casts are left
 * out, which XDP programs don't have.
 */
const ALU = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor', 'mov', 'arsh', 'end'] as const;
const JUMPS = [
  'ja',
  'jeq',
  'jgt',
  'jge',
  'jset',
  'jne',
  'jsgt',
  'jsge',
  'call',
  'exit',
  'jlt',
  'jle',
  'jslt',
  'jsle',
  'jcond',
];
const SIZES = ['w', 'h', 'b', 'dw'] as const;
const ATOMICS: Readonly<Record<number, string>> = {
  0: 'add',
  64: 'or',
  80: 'and',
  160: 'xor',
  1: 'fetch_add',
  65: 'fetch_or',
  81: 'fetch_and',
  161: 'fetch_xor',
  225: 'xchg',
  241: 'cmpxchg',
  256: 'load_acquire',
  272: 'store_release',
};

/** What an instruction is, operands left out: `alu64 sdiv reg`. */
export function formOf({ opcode, src, offset, immediate }: Instruction): string {
  const kind = opcode & 7;
  const source = (opcode & 8) !== 0 ? 'reg' : 'imm';
  const size = SIZES[(opcode >> 3) & 3]!;
  const mode = opcode >> 5;
  switch (kind) {
    case 0:
      return mode === 0 ? `lddw ${src}` : `ld ${mode === 1 ? 'abs' : 'ind'} ${size}`;
    case 1:
      return `ldx ${mode === 4 ? 'signed ' : ''}${size}`;
    case 2:
      return `st ${size}`;
    case 3:
      return mode === 6 ? `atomic ${ATOMICS[immediate]} ${size}` : `stx ${size}`;
    case 4:
    case 7: {
      const name = ALU[opcode >> 4];
      const width = kind === 7 ? 'alu64' : 'alu32';
      if (name === 'end') return kind === 7 ? `bswap${immediate}` : `${source === 'reg' ? 'be' : 'le'}${immediate}`;
      if (name === 'neg') return `${width} neg`;
      if (name === 'mov' && offset !== 0) return `${width} movs${offset}`;
      return `${width} ${offset === 1 ? 's' : ''}${name} ${source}`;
    }
    default: {
      const name = JUMPS[opcode >> 4]!;
      const width = kind === 5 ? 'jmp' : 'jmp32';
      if (name === 'call') return `call ${src}`;
      if (name === 'ja' || name === 'exit' || name === 'jcond') return `${width} ${name}`;
      return `${width} ${name} ${source}`;
    }
  }
}

/** All there are. */
export function everyForm(): Set<string> {
  const forms = new Set<string>();
  for (const width of ['alu64', 'alu32']) {
    forms.add(`${width} neg`);
    for (const bits of width === 'alu64' ? [8, 16, 32] : [8, 16]) forms.add(`${width} movs${bits}`);
    for (const source of ['imm', 'reg']) {
      for (const name of ALU) if (name !== 'neg' && name !== 'end') forms.add(`${width} ${name} ${source}`);
      for (const name of ['sdiv', 'smod']) forms.add(`${width} ${name} ${source}`);
    }
  }
  for (const order of ['le', 'be', 'bswap']) for (const bits of [16, 32, 64]) forms.add(`${order}${bits}`);
  for (const width of ['jmp', 'jmp32']) {
    forms.add(`${width} ja`);
    for (const name of JUMPS) {
      if (/^(ja|call|exit|jcond)$/.test(name)) continue;
      for (const source of ['imm', 'reg']) forms.add(`${width} ${name} ${source}`);
    }
  }
  for (const form of ['jmp exit', 'jmp jcond', 'call 0', 'call 1', 'lddw 0', 'lddw 1', 'lddw 2']) forms.add(form);
  for (const size of SIZES) {
    for (const form of ['ldx', 'st', 'stx', 'atomic load_acquire', 'atomic store_release'])
      forms.add(`${form} ${size}`);
    if (size !== 'dw') forms.add(`ldx signed ${size}`);
  }
  for (const name of Object.values(ATOMICS)) {
    if (!/acquire|release/.test(name)) for (const size of ['w', 'dw']) forms.add(`atomic ${name} ${size}`);
  }
  return forms;
}

/** Every opcode, with operands that make as many of the forms as there are; the two-slot load is left out. */
export function everyInstruction(): Instruction[] {
  const instructions: Instruction[] = [];
  for (let opcode = 0; opcode < 256; opcode++) {
    if (opcode === LOAD_64) continue;
    const isAtomic = (opcode & 0xe7) === 0xc3;
    for (const immediate of [0, 1, -1, 16, 32, 64, 1 << 16, -0x8000_0000, ...(isAtomic ? ATOMIC_IMMEDIATES : [])]) {
      for (const offset of [0, 1, 8, 16, 32, -8, 0x7fff, -0x8000]) {
        for (const [dst, src] of REGISTERS) instructions.push({ opcode, dst, src, offset, immediate });
      }
    }
  }
  return instructions;
}

const LOAD_64 = 0x18;
const ATOMIC_IMMEDIATES = Object.keys(ATOMICS).map(Number);
const REGISTERS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [0, 2],
  [10, 9],
] as const;
