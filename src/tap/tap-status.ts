import { consumersOf, type TapConsumer } from './consumer-table.js';
import { type TapAccount, totalOf } from './tap-account.js';
import type { TapMemory } from './tap-memory.js';

export interface TapStatus extends TapAccount {
  readonly name: string;
  /** Threads that write. */
  readonly producers: number;
  /** Bytes for packets. */
  readonly bytes: number;
  readonly snapLength: number;
  readonly consumers: readonly TapConsumer[];
}

export function statusOf(name: string, memory: TapMemory): TapStatus {
  const { rings, blocks, blockBytes, snapLength } = memory.geometry;
  const sizes = { producers: rings, bytes: rings * blocks * blockBytes, snapLength };
  return { name, ...sizes, ...totalOf(memory), consumers: consumersOf(memory) };
}
