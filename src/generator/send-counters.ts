/** What each sender counts: a row of Float64 slots in shared memory, with one writer. */
const COUNTERS = [
  'frames',
  'bytes',
  /** Calls into the kernel. */
  'calls',
  /** Turns in which the device took nothing. */
  'stalls',
  /** Frames of a capture that were too long or too short to be sent. */
  'skipped',
  /** Nanoseconds of CLOCK_MONOTONIC when it began and when the last frame was out; 0 before. */
  'began',
  'ended',
] as const;
export type SendCounter = (typeof COUNTERS)[number];

export const SendSlot = Object.fromEntries(COUNTERS.map((name, i) => [name, i])) as Readonly<
  Record<SendCounter, number>
>;
export const SEND_SLOTS: number = COUNTERS.length;

/** The row of one sender. */
export function countersOf({ counters, worker }: { counters: SharedArrayBuffer; worker: number }): Float64Array {
  return new Float64Array(counters, worker * SEND_SLOTS * 8, SEND_SLOTS);
}

/** What all senders have counted. */
export interface SendCounts extends Readonly<Record<'frames' | 'bytes' | 'calls' | 'stalls' | 'skipped', number>> {
  /** Seconds from the first sender's beginning to the last one's last frame. */
  readonly seconds: number;
}

/** Adds rows up. @param now nanoseconds of CLOCK_MONOTONIC: until then go those that are not done */
export function addSendCounts(slots: Float64Array, now: number): SendCounts {
  const sums = { frames: 0, bytes: 0, calls: 0, stalls: 0, skipped: 0 };
  let began = Number.POSITIVE_INFINITY;
  let ended = 0;
  for (let row = 0; row < slots.length; row += SEND_SLOTS) {
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += slots[row + SendSlot[name]]!;
    const start = slots[row + SendSlot.began]!;
    if (start === 0) continue;
    began = Math.min(began, start);
    ended = Math.max(ended, slots[row + SendSlot.ended]! || now);
  }
  return { ...sums, seconds: ended === 0 ? 0 : Math.max(0, ended - began) / 1e9 };
}
