/**
 * What a batch's marks say of a packet that faults befell, by bit: as a tap's `faults` names them. `{}` stands for the microseconds
 * of {@link heldMicroseconds}.
 */
export const FAULT_MARKS = [
  'corrupted',
  'bit flipped',
  'grown',
  'shrunk',
  'duplicate',
  'sent ahead of others',
  'delayed by {} µs',
  'limited to the rate',
] as const;

/** Bits of the marks. */
export const Mark = {
  corrupted: 1,
  bitflipped: 2,
  grown: 4,
  shrunk: 8,
  /** It is the copy. */
  duplicate: 16,
  reordered: 32,
  /** It was held, for whatever reason; for how long stands in the upper bits. */
  delayed: 64,
  rateLimited: 128,
} as const;

/** Bits that say what happened; above them stands for how many ticks the packet was held. */
const KIND_BITS = 8;
/** 131 seconds; longer ones count as that. */
const MOST_TICKS = 0xff_ffff;
/** Ticks of a millisecond: those of the timer wheel. No packet leaves early, and none because of it more than 8 µs late. */
export const TICKS = 128;

/** The mark of a packet that is held for so many ticks. @param kinds of {@link Mark} */
export function heldMark(kinds: number, ticks: number): number {
  return kinds | Mark.delayed | (Math.min(Math.max(ticks, 0), MOST_TICKS) << KIND_BITS);
}

/** What was done to a packet: bits by which FAULT_MARKS has its names. */
export function markedFaults(mark: number): number {
  return mark & 0xff;
}

/** How long a packet was held, to 8 µs; 0 for one that was not. */
export function heldMicroseconds(mark: number): number {
  return Math.round((mark >>> KIND_BITS) * (1000 / TICKS));
}
