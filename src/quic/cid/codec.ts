import type { Assembler, Register } from '../../ebpf/index.js';

/** Why a connection ID names no server: what {@link CidCodec.decode} gives instead of one. Negative, so as never to be a server. */
export const CidFailure = {
  /** It has fewer bytes than the codec's IDs, or the packet ends before. */
  tooShort: -1,
  /** Its version or configuration is none of the codec's. */
  otherVersion: -2,
  /** It says itself that it names no server (QUIC-LB, configuration 0b111). */
  unroutable: -3,
  /** Its fields contradict each other, or name a server that the codec can't have. */
  invalid: -4,
} as const;
export type CidFailure = (typeof CidFailure)[keyof typeof CidFailure];

/** Fills an array with random bytes. */
export type RandomFill = (bytes: Uint8Array) => void;

/** Where {@link CidCodec.emitDecode} finds the connection ID in a packet, and where it goes. */
export interface DecodePlace {
  /** A pointer into the packet, R6 to R9. */
  readonly base: Register;
  /** Bytes from there to the ID's first byte. */
  readonly at: number;
  /** The pointer to the packet's end, R6 to R9. */
  readonly end: Register;
  /**
   * Bytes of the ID: in a long header a register with its length byte, R3 to R9; 20 for a short header, which does not tell. A
   * number costs nothing.
   */
  readonly length: Register | number;
  /** Bytes behind the ID's first byte, that byte included, that the verifier knows to be in the packet. Default 0: it is tested. */
  readonly reached?: number;
  /** Lowest offset from R10 of {@link CidCodec.stackBytes} bytes that are free; a negative multiple of 8. */
  readonly stack: number;
  /** Where it goes with the {@link CidFailure} in R0, all 64 bits of it. */
  readonly failed: string;
}

/** The only value of an array map that a codec's program reads. */
export interface CidTable {
  readonly name: string;
  readonly value: Uint8Array;
}

/** What a connection ID is made of, for people. */
export interface CidDescription {
  /** A server, or why there is none. */
  readonly server: number;
  /** Its parts in order, with their names. */
  readonly fields: readonly { readonly name: string; readonly value: string | number }[];
}

/**
 * A way to write the number of a server into QUIC connection IDs, so that who sees only the packets can tell whose they are. One
 * definition with three faces that agree on every ID: {@link encode}, {@link decode}, and the same as eBPF ({@link emitDecode}).
 *
 * An ID may be longer than the codec's own: only the first bytes count. In short headers nobody can tell where it ends.
 */
export interface CidCodec {
  readonly name: string;
  /** Bytes of the IDs that it encodes, at most 20. */
  readonly idLength: number;
  /** IDs with fewer bytes are {@link CidFailure.tooShort}. (Some need more, for what they say of themselves.) */
  readonly shortest: number;
  /** The servers that an ID can name: from, to, as whole numbers of at most 32 bits. */
  readonly lowestServer: number;
  readonly highestServer: number;
  /** What becomes of a client's first Initial, whose ID the client has made up: whether it is decoded as well by default. */
  readonly initial: 'decode' | 'hash';
  /**
   * Which version or configuration an ID is of, for statistics: what is left of its first byte, shifted right by `shift`; always
   * below `count`. Undefined where there is only one.
   */
  readonly variant: { readonly shift: number; readonly count: number } | undefined;
  /** What its program needs in array maps of one value each. Empty for most. */
  readonly tables: readonly CidTable[];
  /** Bytes of stack that its program needs; a multiple of 8. */
  readonly stackBytes: number;

  /** @returns a server, or a {@link CidFailure} */
  decode(id: Uint8Array): number;

  /** What its bytes mean. */
  describe(id: Uint8Array): CidDescription;

  /**
   * A new ID that names a server; the bytes that say nothing are random.
   *
   * @throws XDP_ERR_USAGE for a server that no ID of this codec can name
   */
  encode(server: number, random?: RandomFill): Uint8Array;

  /**
   * Writes the program: it goes on behind what was written with the server in R0 (64 bits, zero-extended), or to `failed` with
   * a {@link CidFailure}. R1 to R5 are lost, R6 to R9 kept. The maps of {@link tables} are named as they are there. May be
   * written several times, such as for long and for short headers.
   */
  emitDecode(a: Assembler, place: DecodePlace): void;

  /** Writes the subprograms that {@link emitDecode} calls: once, where nothing goes on into them, behind the last exit. */
  emitFunctions(a: Assembler): void;
}
