/*
 * The loops over ring entries, in AssemblyScript: what is compiled here is WebAssembly, over the memory that frames, rings and
 * batches share. Places are byte offsets into it. Entry `n` of a ring stands at `n & mask`; indices run through all of u32.
 */

/** Entries from `index` on, up to `count`, that stand in a row. */
function inRow(index: u32, mask: u32, count: u32): u32 {
  return min(count, mask + 1 - (index & mask));
}

/** The sum of four numbers. */
function sumOf(four: v128): u32 {
  return (
    v128.extract_lane<u32>(four, 0) +
    v128.extract_lane<u32>(four, 1) +
    v128.extract_lane<u32>(four, 2) +
    v128.extract_lane<u32>(four, 3)
  );
}

/**
 * Moves descriptors whose options are 0 from ring to ring: copies them, gives them back at `consumer` and hands them over at
 * `producer`. In this order: a thread that ends in between loses packets, but doubles none.
 *
 * @returns the bytes of the packets
 */
export function passDescriptors(
  to: u32,
  head: u32,
  toMask: u32,
  from: u32,
  tail: u32,
  fromMask: u32,
  count: u32,
  consumer: u32,
  producer: u32,
): u32 {
  let sum = i32x4.splat(0);
  for (let done: u32 = 0; done < count; ) {
    const row = inRow(head + done, toMask, inRow(tail + done, fromMask, count - done));
    let target = to + (((head + done) & toMask) << 4);
    let source = from + (((tail + done) & fromMask) << 4);
    const end = source + (row << 4);
    const fours = source + ((row & ~3) << 4);
    while (source < fours) {
      const a = v128.load(source);
      const b = v128.load(source, 16);
      const c = v128.load(source, 32);
      const d = v128.load(source, 48);
      v128.store(target, a);
      v128.store(target, b, 16);
      v128.store(target, c, 32);
      v128.store(target, d, 48);
      sum = i32x4.add(sum, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
      source += 64;
      target += 64;
    }
    while (source < end) {
      const a = v128.load(source);
      v128.store(target, a);
      sum = i32x4.add(sum, a);
      source += 16;
      target += 16;
    }
    done += row;
  }
  storeIndex(consumer, tail + count);
  storeIndex(producer, head + count);
  return v128.extract_lane<u32>(sum, 2);
}

/** Takes plain descriptors apart, and gives them back at `consumer`. @returns the bytes of the packets */
export function readDescriptors(
  addresses: u32,
  lengths: u32,
  from: u32,
  tail: u32,
  mask: u32,
  count: u32,
  consumer: u32,
): u32 {
  let sum = i32x4.splat(0);
  let bytes: u32 = 0;
  for (let done: u32 = 0; done < count; ) {
    const row = inRow(tail + done, mask, count - done);
    let source = from + ((tail + done) & mask) * 16;
    let place = done << 2;
    const end = (done + row) << 2;
    const fours = (done + (row & ~3)) << 2;
    while (place < fours) {
      // Two and two: (address, address, length, length).
      const front = v128.shuffle<u32>(v128.load(source), v128.load(source, 16), 0, 4, 2, 6);
      const back = v128.shuffle<u32>(v128.load(source, 32), v128.load(source, 48), 0, 4, 2, 6);
      const length = v128.shuffle<u64>(front, back, 1, 3);
      v128.store(addresses + place, v128.shuffle<u64>(front, back, 0, 2));
      v128.store(lengths + place, length);
      sum = i32x4.add(sum, length);
      source += 64;
      place += 16;
    }
    while (place < end) {
      const length = load<u32>(source, 8);
      store<u32>(addresses + place, load<u32>(source));
      store<u32>(lengths + place, length);
      bytes += length;
      source += 16;
      place += 4;
    }
    done += row;
  }
  storeIndex(consumer, tail + count);
  return bytes + sumOf(sum);
}

/** Writes plain descriptors, and hands them over at `producer`. @returns the bytes of the packets */
export function writeDescriptors(
  to: u32,
  head: u32,
  mask: u32,
  addresses: u32,
  lengths: u32,
  count: u32,
  producer: u32,
): u32 {
  const zero = i32x4.splat(0);
  let sum = zero;
  let bytes: u32 = 0;
  for (let done: u32 = 0; done < count; ) {
    const row = inRow(head + done, mask, count - done);
    let target = to + (((head + done) & mask) << 4);
    let place = done << 2;
    const end = (done + row) << 2;
    const fours = (done + (row & ~3)) << 2;
    while (place < fours) {
      const address = v128.load(addresses + place);
      const length = v128.load(lengths + place);
      // Each as 64 bits: two in front, two at the back.
      const addressFront = v128.shuffle<u32>(address, zero, 0, 4, 1, 5);
      const lengthFront = v128.shuffle<u32>(length, zero, 0, 4, 1, 5);
      const addressBack = v128.shuffle<u32>(address, zero, 2, 6, 3, 7);
      const lengthBack = v128.shuffle<u32>(length, zero, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<u64>(addressFront, lengthFront, 0, 2));
      v128.store(target, v128.shuffle<u64>(addressFront, lengthFront, 1, 3), 16);
      v128.store(target, v128.shuffle<u64>(addressBack, lengthBack, 0, 2), 32);
      v128.store(target, v128.shuffle<u64>(addressBack, lengthBack, 1, 3), 48);
      sum = i32x4.add(sum, length);
      target += 64;
      place += 16;
    }
    while (place < end) {
      const length = load<u32>(lengths + place);
      store<u64>(target, load<u32>(addresses + place));
      store<u64>(target, length, 8);
      bytes += length;
      target += 16;
      place += 4;
    }
    done += row;
  }
  storeIndex(producer, head + count);
  return bytes + sumOf(sum);
}

/** Copies addresses, each masked with `chunkMask`. */
export function passAddresses(
  to: u32,
  head: u32,
  toMask: u32,
  from: u32,
  tail: u32,
  fromMask: u32,
  count: u32,
  chunkMask: u32,
): void {
  const masks = i64x2.splat(chunkMask);
  for (let done: u32 = 0; done < count; ) {
    const row = inRow(head + done, toMask, inRow(tail + done, fromMask, count - done));
    let target = to + (((head + done) & toMask) << 3);
    let source = from + (((tail + done) & fromMask) << 3);
    const end = source + (row << 3);
    const fours = source + ((row & ~3) << 3);
    while (source < fours) {
      const front = v128.load(source);
      const back = v128.load(source, 16);
      v128.store(target, v128.and(front, masks));
      v128.store(target, v128.and(back, masks), 16);
      source += 32;
      target += 32;
    }
    while (source < end) {
      store<u64>(target, load<u32>(source) & chunkMask);
      source += 8;
      target += 8;
    }
    done += row;
  }
}

/** Takes addresses out of a ring, each masked with `chunkMask`. */
export function readAddresses(to: u32, from: u32, tail: u32, mask: u32, count: u32, chunkMask: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(to + (i << 2), load<u32>(from + (((tail + i) & mask) << 3)) & chunkMask);
  }
}

/** Puts addresses into a ring. */
export function writeAddresses(to: u32, head: u32, mask: u32, from: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) store<u64>(to + (((head + i) & mask) << 3), load<u32>(from + (i << 2)));
}

/** Reads an index that the other side writes, and all that it has written before it: C's memory_order_acquire, and more. */
export function loadIndex(at: u32): u32 {
  return atomic.load<u32>(at);
}

/** Writes an index that the other side reads, after all that was written before it: C's memory_order_release, and more. */
export function storeIndex(at: u32, value: u32): void {
  atomic.store<u32>(at, value);
}
