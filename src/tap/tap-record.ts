import type { CapturedFrame } from '../wire/index.js';
import { TapDirection } from './tap-producer.js';

/** A packet of a tap. One object, moved from packet to packet: its bytes are good until the block is released. */
export interface TapRecord extends CapturedFrame {
  /** Index of the interface's name. */
  interface: number;
  direction: TapDirection;
  /** Why it was dropped: a number of the tap's `drops`, from 1; 0: it was not. */
  drop: number;
  /** What was done to it: bits of the tap's `faults`. */
  faults: number;
  argument: number;
  /** Packets that the same producer lost just before it, because its ring was full. */
  lostBefore: number;
}

export function blankRecord(bytes: Uint8Array): TapRecord {
  const place = { bytes, offset: 0, length: 0, originalLength: 0, seconds: 0, nanoseconds: 0 };
  const event = { drop: 0, faults: 0, argument: 0, lostBefore: 0 };
  return { ...place, interface: 0, direction: TapDirection.unknown, ...event };
}
