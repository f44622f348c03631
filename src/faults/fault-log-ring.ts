/** What is logged of a packet, by the number that stands for it in a record. */
export const LOGGED_FAULTS = [
  'drop',
  'burstLoss',
  'corrupt',
  'bitflip',
  'grow',
  'shrink',
  'duplicate',
  'delay',
  'reorder',
  'rate',
  'holdOverflow',
] as const;
export type LoggedFault = (typeof LOGGED_FAULTS)[number];

/** Words of a record before its values: its own number of words and the fault; port and queue; the packet's number; its length. */
export const RECORD_HEADER = 5;
/** Positions that a record has at most. */
export const MOST_POSITIONS = 64;
/** Words of the ring before its data. The two indices are in lines of the cache of their own. */
export const RING_HEADER = 32;
/** Where they are: the words written and the records lost, both the writer's; the words read. */
export const RingWord = { written: 0, lost: 1, read: 16 } as const;

/** Memory for a ring from one worker to the main thread. @param words of data, a power of two from 128 on */
export function faultLogRing(words: number = 1 << 18): SharedArrayBuffer {
  return new SharedArrayBuffer((RING_HEADER + words) * Int32Array.BYTES_PER_ELEMENT);
}
