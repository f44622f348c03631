/**
 * The instruction set as data: RFC 9669, and what Linux added to it up to 6.18 (include/uapi/linux/bpf.h): load-acquire,
 * store-release, may_goto and address space casts.
 */

/**
 * One slot of eight bytes. A 64-bit immediate load takes two: the second has opcode 0 and carries the upper half.
 * Jumps, and the kernel's verifier, count slots.
 */
export interface Instruction {
  /** 0 to 255: class in the lowest three bits. */
  readonly opcode: number;
  /** 0 to 15, of which 0 to 10 exist. */
  readonly dst: number;
  /** 0 to 15: a register, or what the immediate means (see {@link Pseudo}). */
  readonly src: number;
  /** Signed, 16 bits. */
  readonly offset: number;
  /** Signed, 32 bits. */
  readonly immediate: number;
}

/** R0 is the result, R1 to R5 arguments (lost in a call), R6 to R9 survive calls, R10 is the read-only frame pointer. */
export const REGISTERS = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10'] as const;
export type Register = (typeof REGISTERS)[number];
export const R0 = 'r0' as const;
export const R1 = 'r1' as const;
export const R2 = 'r2' as const;
export const R3 = 'r3' as const;
export const R4 = 'r4' as const;
export const R5 = 'r5' as const;
export const R6 = 'r6' as const;
export const R7 = 'r7' as const;
export const R8 = 'r8' as const;
export const R9 = 'r9' as const;
export const R10 = 'r10' as const;

/** The lowest three bits of an opcode (RFC 9669, section 3.1). */
export const Class = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, jmp32: 6, alu64: 7 } as const;

/** Set in the opcode of an arithmetic or jump instruction whose second operand is a register, not the immediate. */
export const FROM_REGISTER = 0x08;

/**
 * Arithmetic on the upper four bits of the opcode. Signed division and remainder share the code of the unsigned ones and
 * have the offset 1 (RFC 9669, section 4.1).
 */
export const ARITHMETIC = {
  '+': { code: 0x00, offset: 0 },
  '-': { code: 0x10, offset: 0 },
  '*': { code: 0x20, offset: 0 },
  '/': { code: 0x30, offset: 0 },
  's/': { code: 0x30, offset: 1 },
  '|': { code: 0x40, offset: 0 },
  '&': { code: 0x50, offset: 0 },
  '<<': { code: 0x60, offset: 0 },
  '>>': { code: 0x70, offset: 0 },
  's>>': { code: 0xc0, offset: 0 },
  '%': { code: 0x90, offset: 0 },
  's%': { code: 0x90, offset: 1 },
  '^': { code: 0xa0, offset: 0 },
} as const;
export type ArithmeticOperator = keyof typeof ARITHMETIC;

export const NEGATE = 0x80;
/** With the offset 8, 16 or 32 it extends the sign from that many bits; with {@link ADDRESS_SPACE_CAST} it is no move. */
export const MOVE = 0xb0;
/** Offset of a 64-bit move between the address spaces of an arena: the new one in the upper half of the immediate. Linux 6.10. */
export const ADDRESS_SPACE_CAST = 1;
/** Class and source bit say which of {@link BYTE_ORDERS}. */
export const BYTE_ORDER = 0xd0;

/**
 * To little endian, to big endian, or an unconditional swap (whole opcodes: classes alu, alu with {@link FROM_REGISTER}, and
 * alu64). The immediate is the width; what is above it becomes zero.
 */
export const BYTE_ORDERS = {
  le16: { opcode: 0xd4, width: 16 },
  le32: { opcode: 0xd4, width: 32 },
  le64: { opcode: 0xd4, width: 64 },
  be16: { opcode: 0xdc, width: 16 },
  be32: { opcode: 0xdc, width: 32 },
  be64: { opcode: 0xdc, width: 64 },
  bswap16: { opcode: 0xd7, width: 16 },
  bswap32: { opcode: 0xd7, width: 32 },
  bswap64: { opcode: 0xd7, width: 64 },
} as const;
export type ByteOrder = keyof typeof BYTE_ORDERS;

/** Conditions of jumps, `&` meaning "any of these bits is set", `s` signed (RFC 9669, section 4.3). */
export const CONDITIONS = {
  '==': 0x10,
  '>': 0x20,
  '>=': 0x30,
  '&': 0x40,
  '!=': 0x50,
  's>': 0x60,
  's>=': 0x70,
  '<': 0xa0,
  '<=': 0xb0,
  's<': 0xc0,
  's<=': 0xd0,
} as const;
export type Condition = keyof typeof CONDITIONS;

/** In class jmp the distance is the offset, in class jmp32 (`gotol`) it is the immediate. */
export const JUMP_ALWAYS = 0x00;
/** May be taken, and is once the loop it stands in has gone on for too long: `may_goto`, only with source 0. Linux 6.9. */
export const JUMP_PERHAPS = 0xe0;
export const CALL = 0x80;
export const EXIT = 0x90;

/** Bits 3 and 4 of a load or store. */
export const SIZES = { u32: 0x00, u16: 0x08, u8: 0x10, u64: 0x18 } as const;
export type Size = keyof typeof SIZES;

/** Loads that extend the sign to 64 bits (RFC 9669, section 5.2). */
export const SIGNED_SIZES = { s32: 0x00, s16: 0x08, s8: 0x10 } as const;
export type SignedSize = keyof typeof SIGNED_SIZES;

/** Bits 5 to 7 of a load or store. `absolute` and `indirect` are the packet access of old, which XDP does not have. */
export const Mode = {
  immediate: 0x00,
  absolute: 0x20,
  indirect: 0x40,
  memory: 0x60,
  signed: 0x80,
  atomic: 0xc0,
} as const;

/** Immediates of atomic instructions. With fetch (bit 0) the source register gets the old value; cmpxchg uses R0. */
export const ATOMICS = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  fetch_add: 0x01,
  fetch_or: 0x41,
  fetch_and: 0x51,
  fetch_xor: 0xa1,
  xchg: 0xe1,
  cmpxchg: 0xf1,
} as const;
export type AtomicOperation = keyof typeof ATOMICS;

/** More immediates of atomic instructions, for all four sizes: a load and a store that order what is around them. */
export const LOAD_ACQUIRE = 0x100;
export const STORE_RELEASE = 0x110;

/** The opcode of the two-slot load of 64 bits. */
export const LOAD_64 = 0x18;

/** What the source field says of an immediate (RFC 9669, sections 4.3.1 and 5.4; include/uapi/linux/bpf.h). */
export const Pseudo = {
  /** In {@link LOAD_64}: the lower half is a map's descriptor; the register gets the map. */
  mapFd: 1,
  /** In {@link LOAD_64}: the same, with an offset into the map's first value in the upper half. */
  mapValue: 2,
  /** In {@link LOAD_64}: the distance to a subprogram; the register gets its address, for a callback. The kernel wants BTF with it. */
  subprogram: 4,
  /** In a call: the distance to a subprogram, not a helper's number. */
  localCall: 1,
  /** In a call: the BTF id of a kernel function; the offset chooses the BTF. */
  kernelFunction: 2,
} as const;
