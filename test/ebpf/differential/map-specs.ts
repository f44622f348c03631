import type { MapKind } from '../../../dist/kernel/index.js';

/** A map, to be made in the kernel and in the interpreter. Sizes in bytes. */
export interface MapSpec {
  readonly kind: MapKind;
  readonly keySize?: number;
  readonly valueSize?: number;
  readonly maxEntries: number;
  /** Names of inner maps by key, of a map of maps. */
  readonly inner?: Readonly<Record<number, string>>;
  /** Keys at which a map to redirect by has something. */
  readonly targets?: readonly number[];
}

export type MapSpecs = Readonly<Record<string, MapSpec>>;

const ELEMENTS: readonly MapKind[] = [
  'array',
  'percpuArray',
  'hash',
  'percpuHash',
  'lruHash',
  'lruPercpuHash',
  'lpmTrie',
];

/** Whether a map has keys and values that both sides can list. */
export const hasElements = ({ kind }: MapSpec): boolean => ELEMENTS.includes(kind);
export const isArray = ({ kind }: MapSpec): boolean => kind === 'array' || kind === 'percpuArray';
export const isQueue = ({ kind }: MapSpec): boolean => kind === 'queue' || kind === 'stack';
export const isPerCpu = ({ kind }: MapSpec): boolean => kind.includes('ercpu');

/** The maps of random programs. */
export const RANDOM_MAPS = {
  array: { kind: 'array', valueSize: 48, maxEntries: 8 },
  percpuArray: { kind: 'percpuArray', valueSize: 24, maxEntries: 4 },
  innerA: { kind: 'array', valueSize: 16, maxEntries: 4 },
  innerB: { kind: 'array', valueSize: 16, maxEntries: 4 },
  /** Where a program leaves its registers and its stack at the end. */
  out: { kind: 'array', valueSize: 256, maxEntries: 1 },
  hash: { kind: 'hash', keySize: 4, valueSize: 16, maxEntries: 8 },
  percpuHash: { kind: 'percpuHash', keySize: 8, valueSize: 8, maxEntries: 8 },
  /** Larger than what programs put in: which element an LRU hash lets go is not the same in the kernel. */
  lruHash: { kind: 'lruHash', keySize: 4, valueSize: 16, maxEntries: 1024 },
  lpmTrie: { kind: 'lpmTrie', keySize: 8, valueSize: 8, maxEntries: 8 },
  queue: { kind: 'queue', valueSize: 8, maxEntries: 3 },
  stack: { kind: 'stack', valueSize: 8, maxEntries: 3 },
  devmap: { kind: 'devmap', maxEntries: 8, targets: [1, 3] },
  devmapHash: { kind: 'devmapHash', maxEntries: 8, targets: [2, 5] },
  cpumap: { kind: 'cpumap', maxEntries: 1, targets: [0] },
  xskmap: { kind: 'xskmap', maxEntries: 8 },
  arrayOfMaps: { kind: 'arrayOfMaps', maxEntries: 8, inner: { 0: 'innerA', 2: 'innerB' } },
  hashOfMaps: { kind: 'hashOfMaps', keySize: 4, maxEntries: 8, inner: { 1: 'innerB', 7: 'innerA' } },
  programs: { kind: 'programArray', maxEntries: 4 },
  ring: { kind: 'ringBuffer', maxEntries: 4096 },
} as const satisfies MapSpecs;

/** Addresses for the trie, as they stand in memory. */
export const ADDRESSES: readonly number[] = [0, 0x0a, 0x010a, 0x01010a, 0x0101010a, 0x0201010a, 0x800a, 0xffffffff];
