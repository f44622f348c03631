/** What the kernel fixes for a kind of map. */
interface KindTraits {
  /** enum bpf_map_type */
  readonly type: number;
  /** Bytes, where the kind has no choice (or, for `valueSize` of device and CPU maps, where less would do less). */
  readonly keySize?: number;
  readonly valueSize?: number;
  /** Flags without which the kernel refuses the kind. */
  readonly flags?: number;
  /** An element has one value for each possible CPU. */
  readonly perCpu?: true;
}

/** Flags of a map (BPF_F_… in include/uapi/linux/bpf.h), to be combined with `|`. */
export const MapFlag = {
  /** Hash kinds: memory for an element is taken when it comes, not for all at once. */
  noPrealloc: 0x1,
  /** LRU kinds: each CPU has its own list. */
  noCommonLru: 0x2,
  /** No writing through the descriptor. */
  readOnly: 0x8,
  /** No reading through the descriptor. */
  writeOnly: 0x10,
  /** No writing by programs. */
  readOnlyForPrograms: 0x80,
  /** No reading by programs. */
  writeOnlyForPrograms: 0x100,
  /** Arrays: may be mapped into memory, see `BpfMap.memory`. Linux 5.5. */
  mappable: 0x400,
  /** Arrays: may stand in a map of maps beside arrays of other lengths. Linux 5.10. */
  innerMap: 0x1000,
} as const;

/**
 * Kinds of maps that networking uses:
 *
 * - `hash`, `lruHash` (the element that was not used for the longest time goes when there is no room), and
 *   `percpuHash`, `lruPercpuHash`, whose elements have a value for each CPU;
 * - `array`, `percpuArray`: all elements are there from the start, and can't be deleted;
 * - `lpmTrie`: keys are a u32 of prefix length in bits and the bytes of an address; a lookup finds the longest prefix;
 * - `arrayOfMaps`, `hashOfMaps`, `programArray`: written as descriptors, read as ids;
 * - `devmap`, `devmapHash`, `cpumap`, `xskmap`: where bpf_redirect_map can send a packet;
 * - `queue`, `stack`: values without keys; `ringBuffer`: records from programs to us.
 */
export type MapKind =
  | 'hash'
  | 'array'
  | 'programArray'
  | 'percpuHash'
  | 'percpuArray'
  | 'lruHash'
  | 'lruPercpuHash'
  | 'lpmTrie'
  | 'arrayOfMaps'
  | 'hashOfMaps'
  | 'devmap'
  | 'cpumap'
  | 'xskmap'
  | 'queue'
  | 'stack'
  | 'devmapHash'
  | 'ringBuffer';

const KINDS: Readonly<Record<MapKind, KindTraits>> = {
  hash: { type: 1 },
  array: { type: 2, keySize: 4 },
  programArray: { type: 3, keySize: 4, valueSize: 4 },
  percpuHash: { type: 5, perCpu: true },
  percpuArray: { type: 6, keySize: 4, perCpu: true },
  lruHash: { type: 9 },
  lruPercpuHash: { type: 10, perCpu: true },
  lpmTrie: { type: 11, flags: MapFlag.noPrealloc },
  arrayOfMaps: { type: 12, keySize: 4, valueSize: 4 },
  hashOfMaps: { type: 13, valueSize: 4 },
  devmap: { type: 14, keySize: 4, valueSize: 8 },
  cpumap: { type: 16, keySize: 4, valueSize: 8 },
  xskmap: { type: 17, keySize: 4, valueSize: 4 },
  queue: { type: 22, keySize: 0 },
  stack: { type: 23, keySize: 0 },
  devmapHash: { type: 25, keySize: 4, valueSize: 8 },
  ringBuffer: { type: 27, keySize: 0, valueSize: 0 },
};

/** The kernel's number of each kind (enum bpf_map_type). */
export const MapKind: Readonly<Record<MapKind, number>> = Object.fromEntries(
  Object.entries(KINDS).map(([kind, { type }]) => [kind, type]),
) as Record<MapKind, number>;

const BY_TYPE = new Map(Object.entries(KINDS).map(([kind, { type }]) => [type, kind as MapKind]));

/** The kind with this number, if it is one of ours. */
export const kindOfType = (type: number): MapKind | undefined => BY_TYPE.get(type);

export const traitsOf = (kind: MapKind): KindTraits => KINDS[kind];
