/** What is counted for each socket, in packets but for `held`. Each has a slot in the socket's row. */
export const FAULT_COUNTERS = [
  /** Packets that faults were tried on. */
  'qualified',
  'dropped',
  /** By the model of burst loss. */
  'burstLost',
  'corrupted',
  'bitflipped',
  'grown',
  'shrunk',
  'duplicated',
  'delayed',
  /** Sent at once while others were delayed. */
  'reordered',
  /** Put off to keep to the rate. */
  'rateLimited',
  /** Damaged, and given right checksums again. */
  'mended',
  /** Frames held at this moment. */
  'held',
  /** Dropped because no more frames could be held. */
  'holdOverflow',
  /** What could not be done. Corruption or a flipped bit: the packet ends with its EtherType. */
  'tooShortToDamage',
  /** Growth: the frame is full. */
  'noRoomToGrow',
  /** Shrinking: nothing would be left. */
  'tooShortToShrink',
  /** Growth and shrinking of a packet that lies in several frames. */
  'fragmentsNotResized',
  /** Duplication: no free frame, or no more could be held. */
  'noFrameToDuplicate',
  /** Damaged, but not IP, a fragment, or so damaged that no checksum can be right. */
  'notMended',
] as const;
export type FaultCounter = (typeof FAULT_COUNTERS)[number];
export type FaultCounts = Record<FaultCounter, number>;

/** Slot of a counter within its row. */
export const FaultSlot: Readonly<FaultCounts> = Object.fromEntries(
  FAULT_COUNTERS.map((name, slot) => [name, slot]),
) as FaultCounts;

/** The counts of a row. @param row where it begins */
export function readFaultCounts(slots: Float64Array, row: number): FaultCounts {
  return Object.fromEntries(FAULT_COUNTERS.map((name, slot) => [name, slots[row + slot]])) as FaultCounts;
}
