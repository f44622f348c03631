import { Block, Ring } from './layout.js';
import { generationOf, Kind, kindOf } from './state.js';
import type { TapMemory } from './tap-memory.js';

/**
 * What became of the records of a ring, or of a whole tap. Whenever nobody writes or reads,
 * `tapped = collected + abandoned + queued + lost`.
 */
export interface TapAccount {
  /** Handed to the producers. */
  readonly tapped: number;
  /** Released by a consumer. */
  readonly collected: number;
  /** Found in the hands of a consumer that died, or given up because they could not be read. */
  readonly abandoned: number;
  /** Published, or claimed and not released yet. */
  readonly queued: number;
  /** Never written: no block was free. */
  readonly lost: number;
}

/** Each block is seen at one moment; the ring as a whole changes meanwhile. */
export function accountOf(memory: TapMemory, ring: number): TapAccount {
  const { words, floats, geometry } = memory;
  let [collected, abandoned, queued] = [0, 0, 0];
  for (let block = 0; block < geometry.blocks; block++) {
    const state = memory.states(ring) + block;
    const base = memory.block(ring, block);
    // Read again if it went on meanwhile; whoever makes it do so for ever gets a wrong number, no endless loop.
    for (let tries = 0, before = Atomics.load(words, state); tries < 100; tries++) {
      const generation = generationOf(before);
      const count = words[base + Block.count + (generation & 1)]! >>> 0;
      const wasCollected = floats[memory.total(base, Block.collected, generation)]!;
      const wasAbandoned = floats[memory.total(base, Block.abandoned, generation)]!;
      const after = Atomics.load(words, state);
      if (after !== before && tries < 99) {
        before = after;
        continue;
      }
      const kind = kindOf(before);
      collected += wasCollected + (kind === Kind.collected ? count : 0);
      abandoned += wasAbandoned + (kind === Kind.abandoned ? count : 0);
      queued += kind > Kind.abandoned ? count : 0;
      break;
    }
  }
  const tapped = floats[memory.counter(ring, Ring.tapped)]!;
  const lost = floats[memory.counter(ring, Ring.lost)]!;
  return { tapped, collected, abandoned, queued, lost };
}

/** All rings together. */
export function totalOf(memory: TapMemory): TapAccount {
  const sum = { tapped: 0, collected: 0, abandoned: 0, queued: 0, lost: 0 };
  for (let ring = 0; ring < memory.geometry.rings; ring++) {
    const account = accountOf(memory, ring);
    for (const name of Object.keys(sum) as (keyof TapAccount)[]) sum[name] += account[name];
  }
  return sum;
}
