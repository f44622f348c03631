import type { Assembled } from '../../ebpf/index.js';

/** A rule set as a program, and all that it takes to load it. Nothing here is of the machine it was compiled on. */
export interface CompiledRules {
  /** Labels and comments included; `link` takes the descriptors of {@link maps} by name. */
  readonly program: Assembled;
  readonly maps: readonly CompiledMap[];
  /** Types of its functions, if it has some: for limits, or as a very large program is divided into them. It does not load without. */
  readonly types?: FunctionTypes;
  /** Which instructions are whose, in the order of the program. A rule may have several blocks: one for each kind of packets. */
  readonly blocks: readonly RuleBlock[];
  /** What only the loader can fill in. */
  readonly sockets: readonly SocketSlot[];
  readonly interfaces: readonly InterfaceSlot[];
  readonly programs: readonly ProgramSlot[];
  readonly steerings: readonly SteeringSlot[];
  /** What works otherwise than it may be thought to, as sentences. */
  readonly warnings: readonly string[];
}

/** What `XdpProgram` of xdpkit/kernel takes as `btf`, but for the descriptor. */
export interface FunctionTypes {
  /** To be loaded. */
  readonly btf: Uint8Array;
  readonly functions: { readonly size: number; readonly records: Uint8Array };
}

/** Kinds of maps that rules need, named as `MapKind` of xdpkit/kernel names them. */
export type CompiledMapKind =
  | 'percpuArray'
  | 'array'
  | 'hash'
  | 'lruHash'
  | 'lpmTrie'
  | 'xskmap'
  | 'devmap'
  | 'programArray';

export interface CompiledMap {
  /** At most 15 characters. */
  readonly name: string;
  readonly kind: CompiledMapKind;
  /** Bytes. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_…; those that the kind can't do without are left to who makes it. */
  readonly flags: number;
  /** What is in it before the program runs. */
  readonly contents?: MapContents;
}

/** Keys and values side by side. */
export interface MapContents {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

/** Instruction slots `from` to before `to`. */
export interface RuleBlock {
  /** Index of the rule. */
  readonly rule: number;
  readonly from: number;
  readonly to: number;
}

/** An XSKMAP: queue to socket. */
export interface SocketSlot {
  readonly map: string;
  /** Of the socket; undefined for those of `redirect` without a name. */
  readonly name: string | undefined;
}

/** An interface's index has to go into a device map, at a key. */
export interface InterfaceSlot {
  readonly map: string;
  readonly key: number;
  readonly name: string;
}

/** A pinned program has to go into a program array, at a key. */
export interface ProgramSlot {
  readonly map: string;
  readonly key: number;
  readonly path: string;
}

/** The program of a QUIC steering has to go into a program array, at a key. */
export interface SteeringSlot {
  readonly map: string;
  readonly key: number;
  readonly name: string;
}

/** The map of counters: a per-CPU array with an element for each rule, of four u64. */
export const RULE_COUNTERS = {
  map: 'counters',
  valueSize: 32,
  /** Offsets in bytes. Those of a limit stay 0 in a rule that has none. */
  packets: 0,
  bytes: 8,
  overPackets: 16,
  overBytes: 24,
} as const;
