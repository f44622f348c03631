/** Slots of the table: a prime, so that every step from slot to slot comes to all of them. As katran has it. */
export const MAGLEV_SLOTS = 65_537;
/** What a slot of an empty table holds. */
export const NO_BACKEND = 0xffff;

/** A backend that flows are hashed to. */
export interface MaglevBackend {
  /** What goes into the table: 0 to 65534. */
  readonly slot: number;
  /** Which places it prefers follows from this, a u32: the same on every machine, and whoever else is in the table. */
  readonly id: number;
  /** Its share of the table, relative to the others: a whole number from 1. */
  readonly weight: number;
}

/**
 * The table of Maglev hashing ("Maglev: A Fast and Reliable Software Network Load Balancer", section 3.4): backends take turns,
 * each time the first place of its own order that is free. So each has its share, and when one comes or goes the others keep
 * nearly all that they had. Turns are by weight: one with half of the largest weight has every other turn.
 *
 * @param backends with different ids and slots, in any order
 * @returns {@link MAGLEV_SLOTS} slots of backends; {@link NO_BACKEND} in all where there are none
 */
export function maglevTable(backends: readonly MaglevBackend[]): Uint16Array {
  const table = new Uint16Array(MAGLEV_SLOTS).fill(NO_BACKEND);
  // Who is first is not a matter of who was named first.
  const ordered = backends.toSorted((a, b) => a.id - b.id);
  const heaviest = ordered.reduce((most, { weight }) => Math.max(most, weight), 0);
  const places = Uint32Array.from(ordered, ({ id }) => mix(id, 0x9e37_79b9) % MAGLEV_SLOTS);
  const steps = Uint32Array.from(ordered, ({ id }) => 1 + (mix(id, 0x85eb_ca6b) % (MAGLEV_SLOTS - 1)));
  const credits = new Float64Array(ordered.length);
  for (let left = ordered.length === 0 ? 0 : MAGLEV_SLOTS; left > 0; ) {
    for (let i = 0; i < ordered.length && left > 0; i++) {
      credits[i]! += ordered[i]!.weight;
      if (credits[i]! < heaviest) continue;
      credits[i]! -= heaviest;
      let place = places[i]!;
      while (table[place] !== NO_BACKEND) place = (place + steps[i]!) % MAGLEV_SLOTS;
      table[place] = ordered[i]!.slot;
      places[i] = (place + steps[i]!) % MAGLEV_SLOTS;
      left--;
    }
  }
  return table;
}

/** A u32 of which every bit depends on all of `value` and `seed` (the finalizer of MurmurHash3). */
function mix(value: number, seed: number): number {
  let h = (value ^ seed) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  h = Math.imul(h ^ seed ^ (h >>> 16), 0x9e37_79b1);
  h = Math.imul(h ^ (h >>> 15), 0x85eb_ca77);
  return (h ^ (h >>> 16)) >>> 0;
}
