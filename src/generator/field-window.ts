import { type ChanceKey, chanceKey } from './chance.js';
import type { FieldValues } from './field-values.js';
import { bytesOf, numberOf } from './numbers.js';
import { usage } from './usage.js';

/** Which checksums a field is part of, as a sum. */
export const Sum = { none: 0, header: 1, transport: 2, both: 3 } as const;

/**
 * The bytes of a frame that one varying field changes: a big-endian number of 2, 4 or 6 bytes at an even offset. Where a
 * field is shorter or begins at an odd offset, its neighbours are part of the number and stay as they are: so that every
 * window is made of the 16-bit words that checksums add up.
 */
export interface FieldWindow {
  /** From the start of the frame. */
  readonly at: number;
  readonly width: 2 | 4 | 6;
  /** The number is `base + step * i`, with i from 0 up to `count`: at most 2^48. */
  readonly base: number;
  readonly step: number;
  /** At most 2^32. */
  readonly count: number;
  /** Undefined: i is the number of the frame modulo `count`. Otherwise it is chosen by chance. */
  readonly key: ChanceKey | undefined;
  /** A sum of {@link Sum}. */
  readonly sums: number;
}

/** Where a field stands. */
export interface FieldPlace {
  readonly at: number;
  readonly sums: number;
  /** What tells its chances from those of others. */
  readonly stream: number;
}

const MAX_COUNT = 1n << 32n;
/** Streams of chance that the parts of one field may take. */
const STREAMS = 8;

/**
 * The windows of a field that varies; none for one that doesn't.
 *
 * @param template a frame that has the field's first value
 * @throws XDP_ERR_USAGE for values that differ in too many of their bytes
 */
export function fieldWindows(
  values: FieldValues,
  place: FieldPlace,
  seed: number,
  template: Uint8Array,
): FieldWindow[] {
  if (values.count === 1n) return [];
  if (values.random && values.count > MAX_COUNT) return wideChoice(values, place, seed, template);
  const count = values.count > MAX_COUNT ? MAX_COUNT : values.count;
  const { first, step, bytes } = values;
  const [low, high] = [bytesOf(first, bytes), bytesOf(first + step * (count - 1n), bytes)];
  // Leading bytes that all values share, and trailing ones that no step reaches.
  const from = low.findIndex((byte, i) => byte !== high[i]);
  let to = bytes;
  let unit = 1n;
  while (step % (unit * 256n) === 0n) {
    unit *= 256n;
    to--;
  }
  const window = evenWindow(place.at + from, place.at + to, template);
  if (window.width > 6) {
    throw usage('the values differ in more than five bytes', 'a range with fewer values or a shorter step has less');
  }
  const key = values.random ? chanceKey(seed, place.stream * STREAMS) : undefined;
  const scale = window.at + window.width > place.at + to ? 256 : 1;
  return [{ ...window, step: Number(step / unit) * scale, count: Number(count), key, sums: place.sums } as FieldWindow];
}

/** More than 32 bits by chance: the last ones first, up to 32 at a time, each with a chance of its own. */
function wideChoice(values: FieldValues, place: FieldPlace, seed: number, template: Uint8Array): FieldWindow[] {
  const windows: FieldWindow[] = [];
  let bits = values.count.toString(2).length - 1;
  for (let end = place.at + values.bytes; bits > 0; ) {
    // An odd end shares a word with what follows the field.
    const size = end % 2 === 1 ? 1 : Math.min(4, Math.ceil(bits / 8));
    const part = Math.min(bits, size * 8);
    const window = evenWindow(end - size, end, template);
    const key = chanceKey(seed, place.stream * STREAMS + windows.length);
    const step = window.at + window.width > end ? 256 : 1;
    windows.push({ ...window, step, count: 2 ** part, key, sums: place.sums } as FieldWindow);
    end -= size;
    bits -= part;
  }
  return windows;
}

function evenWindow(from: number, to: number, template: Uint8Array): { at: number; width: number; base: number } {
  const at = from - (from % 2);
  const width = to + (to % 2) - at;
  return { at, width, base: Number(numberOf(template.subarray(at, at + width))) };
}
