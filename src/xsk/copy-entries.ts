/*
 * Runs of entries from one ring to another, where neither wraps. Four at a time, loads before stores: V8 looks at the
 * arrays' types and lengths again in every round, which is a third of the time when each round moves one.
 */

/** Copies addresses and lengths; the options at the destination stay 0. @returns the bytes of the packets */
export function copyDescriptors(
  to: Uint32Array,
  toStart: number,
  from: Uint32Array,
  fromStart: number,
  count: number,
): number {
  let at = toStart | 0;
  let source = fromStart | 0;
  let bytes = 0;
  const end = (source + (count << 2)) | 0;
  const fours = (source + ((count & ~3) << 2)) | 0;
  while (source < fours) {
    const a = from[(source + 2) | 0]!;
    const b = from[(source + 6) | 0]!;
    const c = from[(source + 10) | 0]!;
    const d = from[(source + 14) | 0]!;
    const addressA = from[source]!;
    const addressB = from[(source + 4) | 0]!;
    const addressC = from[(source + 8) | 0]!;
    const addressD = from[(source + 12) | 0]!;
    to[at] = addressA;
    to[(at + 2) | 0] = a;
    to[(at + 4) | 0] = addressB;
    to[(at + 6) | 0] = b;
    to[(at + 8) | 0] = addressC;
    to[(at + 10) | 0] = c;
    to[(at + 12) | 0] = addressD;
    to[(at + 14) | 0] = d;
    bytes = (bytes + a + b + c + d) | 0;
    at = (at + 16) | 0;
    source = (source + 16) | 0;
  }
  while (source < end) {
    const length = from[(source + 2) | 0]!;
    to[at] = from[source]!;
    to[(at + 2) | 0] = length;
    bytes = (bytes + length) | 0;
    at = (at + 4) | 0;
    source = (source + 4) | 0;
  }
  return bytes;
}

/** Copies addresses, each masked with `chunkMask`. */
export function copyAddresses(
  to: Uint32Array,
  toStart: number,
  from: Uint32Array,
  fromStart: number,
  count: number,
  chunkMask: number,
): void {
  let at = toStart | 0;
  let source = fromStart | 0;
  const end = (source + (count << 1)) | 0;
  const fours = (source + ((count & ~3) << 1)) | 0;
  while (source < fours) {
    const a = from[source]!;
    const b = from[(source + 2) | 0]!;
    const c = from[(source + 4) | 0]!;
    const d = from[(source + 6) | 0]!;
    to[at] = a & chunkMask;
    to[(at + 2) | 0] = b & chunkMask;
    to[(at + 4) | 0] = c & chunkMask;
    to[(at + 6) | 0] = d & chunkMask;
    at = (at + 8) | 0;
    source = (source + 8) | 0;
  }
  while (source < end) {
    to[at] = from[source]! & chunkMask;
    at = (at + 2) | 0;
    source = (source + 2) | 0;
  }
}

/** Takes addresses out of a ring, each masked with `chunkMask`, into their places `to` on. */
export function readAddresses(
  addresses: Uint32Array,
  to: number,
  from: Uint32Array,
  fromStart: number,
  count: number,
  chunkMask: number,
): void {
  let at = to | 0;
  let source = fromStart | 0;
  const end = (at + count) | 0;
  const fours = (at + (count & ~3)) | 0;
  while (at < fours) {
    const a = from[source]!;
    const b = from[(source + 2) | 0]!;
    const c = from[(source + 4) | 0]!;
    const d = from[(source + 6) | 0]!;
    addresses[at] = a & chunkMask;
    addresses[(at + 1) | 0] = b & chunkMask;
    addresses[(at + 2) | 0] = c & chunkMask;
    addresses[(at + 3) | 0] = d & chunkMask;
    at = (at + 4) | 0;
    source = (source + 8) | 0;
  }
  while (at < end) {
    addresses[at] = from[source]! & chunkMask;
    at = (at + 1) | 0;
    source = (source + 2) | 0;
  }
}

/** Puts addresses into a ring, from their places `from` on; their upper halves stay 0. */
export function writeAddresses(
  to: Uint32Array,
  toStart: number,
  addresses: Uint32Array,
  from: number,
  count: number,
): void {
  let at = toStart | 0;
  let source = from | 0;
  const end = (source + count) | 0;
  const fours = (source + (count & ~3)) | 0;
  while (source < fours) {
    const a = addresses[source]!;
    const b = addresses[(source + 1) | 0]!;
    const c = addresses[(source + 2) | 0]!;
    const d = addresses[(source + 3) | 0]!;
    to[at] = a;
    to[(at + 2) | 0] = b;
    to[(at + 4) | 0] = c;
    to[(at + 6) | 0] = d;
    at = (at + 8) | 0;
    source = (source + 4) | 0;
  }
  while (source < end) {
    to[at] = addresses[source]!;
    at = (at + 2) | 0;
    source = (source + 1) | 0;
  }
}

/** Takes descriptors apart, into addresses and lengths from their places `to` on. @returns the bytes of the packets */
export function readDescriptors(
  addresses: Uint32Array,
  lengths: Uint32Array,
  to: number,
  from: Uint32Array,
  fromStart: number,
  count: number,
): number {
  let at = to | 0;
  let source = fromStart | 0;
  let bytes = 0;
  const end = (at + count) | 0;
  const fours = (at + (count & ~3)) | 0;
  while (at < fours) {
    const a = from[(source + 2) | 0]!;
    const b = from[(source + 6) | 0]!;
    const c = from[(source + 10) | 0]!;
    const d = from[(source + 14) | 0]!;
    const addressA = from[source]!;
    const addressB = from[(source + 4) | 0]!;
    const addressC = from[(source + 8) | 0]!;
    const addressD = from[(source + 12) | 0]!;
    lengths[at] = a;
    lengths[(at + 1) | 0] = b;
    lengths[(at + 2) | 0] = c;
    lengths[(at + 3) | 0] = d;
    addresses[at] = addressA;
    addresses[(at + 1) | 0] = addressB;
    addresses[(at + 2) | 0] = addressC;
    addresses[(at + 3) | 0] = addressD;
    bytes = (bytes + a + b + c + d) | 0;
    at = (at + 4) | 0;
    source = (source + 16) | 0;
  }
  while (at < end) {
    const length = from[(source + 2) | 0]!;
    addresses[at] = from[source]!;
    lengths[at] = length;
    bytes = (bytes + length) | 0;
    at = (at + 1) | 0;
    source = (source + 4) | 0;
  }
  return bytes;
}

/** Puts descriptors together, of addresses and lengths from their places `from` on; the options stay 0. @returns the bytes of the packets */
export function writeDescriptors(
  to: Uint32Array,
  toStart: number,
  addresses: Uint32Array,
  lengths: Uint32Array,
  from: number,
  count: number,
): number {
  let at = toStart | 0;
  let source = from | 0;
  let bytes = 0;
  const end = (source + count) | 0;
  const fours = (source + (count & ~3)) | 0;
  while (source < fours) {
    const a = lengths[source]!;
    const b = lengths[(source + 1) | 0]!;
    const c = lengths[(source + 2) | 0]!;
    const d = lengths[(source + 3) | 0]!;
    const addressA = addresses[source]!;
    const addressB = addresses[(source + 1) | 0]!;
    const addressC = addresses[(source + 2) | 0]!;
    const addressD = addresses[(source + 3) | 0]!;
    to[at] = addressA;
    to[(at + 2) | 0] = a;
    to[(at + 4) | 0] = addressB;
    to[(at + 6) | 0] = b;
    to[(at + 8) | 0] = addressC;
    to[(at + 10) | 0] = c;
    to[(at + 12) | 0] = addressD;
    to[(at + 14) | 0] = d;
    bytes = (bytes + a + b + c + d) | 0;
    at = (at + 16) | 0;
    source = (source + 4) | 0;
  }
  while (source < end) {
    const length = lengths[source]!;
    to[at] = addresses[source]!;
    to[(at + 2) | 0] = length;
    bytes = (bytes + length) | 0;
    at = (at + 4) | 0;
    source = (source + 1) | 0;
  }
  return bytes;
}
