/**
 * The state of a block is one word, and every change of it one compare-and-exchange: that is what decides whose the block
 * is, and what became of its records, whoever dies in between.
 *
 *     collected ─┐                                   ┌─> collected
 *                ├─> writing <──> published ─> claimed
 *     abandoned ─┘                                   └─> abandoned
 *
 * A word holds the kind (3 bits), the generation (13 bits, one more each time the block is begun), and for a claimed block
 * who holds it (16 bits): his row and how often that was taken.
 */
export const Kind = {
  /** Free; its records went to a consumer. Also a block that was never used. */
  collected: 0,
  /** Free; its records were in the hands of a consumer that died, or could not be read. */
  abandoned: 1,
  /** The producer's. */
  writing: 2,
  /** Anybody's: a consumer may claim it, and the producer may take it back to write on. */
  published: 3,
  /** A consumer's. */
  claimed: 4,
} as const;

export function stateOf(kind: number, generation: number, holder = 0): number {
  return kind | ((generation & 0x1fff) << 3) | (holder << 16);
}

export function kindOf(state: number): number {
  return state & 7;
}

export function generationOf(state: number): number {
  return (state >>> 3) & 0x1fff;
}

/** Who has claimed the block: see {@link holderOf}. */
export function claimant(state: number): number {
  return state >>> 16;
}

/** What stands in the state of a block that the process with this `owner` word in this row has claimed. */
export function holderOf(row: number, owner: number): number {
  return row | ((owner >>> 22) << 6);
}

/** The process in a row's `owner` word; 0 for a free row. */
export function pidOf(owner: number): number {
  return owner & 0x3f_ffff;
}

/** The `owner` word of a row that `pid` takes which had `before`. */
export function ownerWord(pid: number, before: number): number {
  return pid | (((before >>> 22) + 1) << 22) | 0;
}

/** The `owner` word of the same row when it is free again. */
export function freedWord(owner: number): number {
  return owner & ~0x3f_ffff;
}
