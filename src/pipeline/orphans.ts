import type { LeftFrame } from '../faults/index.js';
import { type Batch, FrameOwner, type Umem } from '../xsk/index.js';

/** A frame that a thread had when it died. */
export interface Orphan {
  readonly address: number;
  readonly length: number;
  readonly options: number;
  /** Place, among the worker's sockets, of the one that its packet came in by. */
  readonly socket: number;
}

/**
 * The frames that a thread had in its hands and held back when it died. It may have died between two steps: a frame that is in
 * both places, or free again, is found once or not at all.
 *
 * @param socket that the batch's packets came in by; negative: a socket that is not there
 */
export function findOrphans(umem: Umem, batch: Batch, socket: number, left: readonly LeftFrame[]): Orphan[] {
  const frameOf = (address: number) => Math.floor(address / umem.frameSize);
  const known = new Set(Array.from(umem.pool.addresses(), frameOf));
  const found: Orphan[] = [];
  const find = (orphan: Orphan) => {
    const frame = frameOf(orphan.address);
    if (known.has(frame)) return;
    known.add(frame);
    umem.ledger?.adopt(orphan.address, FrameOwner.application);
    found.push(orphan);
  };
  for (const frame of left) find(frame);
  const { addresses, lengths, options, handled, count } = batch;
  if (socket < 0) return found;
  for (let i = handled; i < count; i++) {
    find({ address: addresses[i]!, length: lengths[i]!, options: options[i]!, socket });
  }
  return found;
}
