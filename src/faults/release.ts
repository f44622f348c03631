import { type Batch, FrameOwner, type Umem, XDP_PKT_CONTD } from '../xsk/index.js';
import type { FaultStream } from './fault-stream.js';
import { Held, type HoldStore, LENGTH_BITS, LENGTHS, NONE, OPTION_BITS, OPTIONS } from './hold-store.js';

const GOES_ON = XDP_PKT_CONTD << LENGTH_BITS;

/**
 * Puts packets whose time has come into a batch, whole and in order, as far as it has room; they have the egress that they
 * were held with.
 *
 * @returns how many frames
 */
export function release(stream: FaultStream, batch: Batch, store: HoldStore, umem: Umem): number {
  const { wheel } = stream;
  const { words } = store;
  const { addresses, lengths, options, egress, marks, capacity } = batch;
  const { fragments } = umem;
  const first = wheel.ready;
  let count = 0;
  let last = NONE;
  let entry = first;
  let whole = true;
  while (entry !== NONE && count < capacity) {
    if (fragments && whole && framesOf(words, entry) > capacity - count) break;
    const rest = words[entry + Held.rest]!;
    addresses[count] = words[entry + Held.address]!;
    lengths[count] = rest & LENGTHS;
    options[count] = (rest >>> LENGTH_BITS) & OPTIONS;
    egress[count] = rest >>> (LENGTH_BITS + OPTION_BITS);
    marks[count] = words[entry + Held.mark]!;
    whole = (rest & GOES_ON) === 0;
    last = entry;
    entry = words[entry]!;
    count++;
  }
  batch.ingress = stream.port;
  batch.queue = stream.queue;
  batch.count = count;
  batch.hasMarks = true;
  if (count === 0) return 0;
  wheel.ready = entry;
  store.give(first, last, count);
  stream.held -= count;
  umem.ledger?.moveAll(addresses, 0, count, FrameOwner.held, FrameOwner.application);
  return count;
}

/** Frames of the packet that begins with an entry. */
function framesOf(words: Int32Array, first: number): number {
  let frames = 1;
  for (let entry = first; (words[entry + Held.rest]! & GOES_ON) !== 0; entry = words[entry]!) {
    frames++;
  }
  return frames;
}
