import { Block, Ring } from './layout.js';
import { generationOf, Kind, kindOf, stateOf } from './state.js';
import { accountOf } from './tap-account.js';
import type { TapMemory } from './tap-memory.js';

/**
 * Puts a ring in order whose producer has ended in whatever way: the block that it was writing becomes a consumer's, with
 * what had been published of it, and the count of packets is made to agree with the blocks. Only while nobody produces there.
 */
export function settleRing(memory: TapMemory, ring: number): void {
  showWriting(memory, ring);
  const { floats } = memory;
  const { collected, abandoned, queued } = accountOf(memory, ring);
  floats[memory.counter(ring, Ring.tapped)] = collected + abandoned + queued + floats[memory.counter(ring, Ring.lost)]!;
}

/** The first half of {@link settleRing}, which several may do at once. */
export function showWriting(memory: TapMemory, ring: number): void {
  const { words, geometry } = memory;
  for (let block = 0; block < geometry.blocks; block++) {
    const at = memory.states(ring) + block;
    const state = Atomics.load(words, at);
    if (kindOf(state) !== Kind.writing) continue;
    const generation = generationOf(state);
    const count = words[memory.block(ring, block) + Block.count + (generation & 1)]!;
    Atomics.compareExchange(words, at, state, stateOf(count > 0 ? Kind.published : Kind.abandoned, generation));
  }
}
