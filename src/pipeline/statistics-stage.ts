import type { Batch } from '../xsk/index.js';
import { EtherTypeTable } from './ether-type-table.js';
import { MacTable } from './mac-table.js';

/** Source addresses of a queue that are counted one by one: three quarters of it. */
const MAC_SLOTS = 4096;
/** VLAN tags that are looked behind. */
const LEVELS = 4;

/** Where a queue's statistics are, in a form that another thread can be told. */
export interface StatisticsPlace {
  readonly macs: SharedArrayBuffer;
  readonly etherTypes: SharedArrayBuffer;
}

export function statisticsPlace(): StatisticsPlace {
  return { macs: MacTable.memoryFor(MAC_SLOTS), etherTypes: EtherTypeTable.memory() };
}

/**
 * Counts the source addresses and the EtherTypes of one queue's packets. Packets mostly come in runs of one sender, and in
 * longer ones of one type: a run costs two additions a packet, and its end the look into a table.
 */
export class StatisticsStage {
  readonly #macs: MacTable;
  readonly #etherTypes: EtherTypeTable;
  readonly #bytes: Uint8Array;
  /** The last sender. */
  #high = 0;
  #low = 0;
  #runBytes = 0;

  /** @param bytes the UMEM's */
  constructor(place: StatisticsPlace, bytes: Uint8Array) {
    this.#macs = new MacTable(place.macs);
    this.#etherTypes = new EtherTypeTable(place.etherTypes);
    this.#bytes = bytes;
  }

  /**
   * Of a batch in which each frame is a packet.
   *
   * @param now milliseconds since the epoch
   */
  count(batch: Batch, now: number): void {
    const { lengths, addresses, count } = batch;
    let type = 0;
    let typePackets = 0;
    let typeBytes = 0;
    for (let from = 0; from < count; ) {
      const at = addresses[from]!;
      const high = this.#u16(at + 6);
      const low = this.#u16(at + 8) | (this.#u16(at + 10) << 16);
      const runType = this.#u16(at + 12);
      if (runType !== type) {
        if (typePackets > 0) this.#endType(type, typePackets, typeBytes, this.#high, this.#low);
        type = runType;
        typePackets = 0;
        typeBytes = 0;
      }
      const to = this.#endOfRun(batch, from, high, low, runType);
      const bytes = this.#runBytes;
      if (isTag(type))
        for (let i = from; i < to; i++) this.#countTags(addresses[i]!, lengths[i]!, lengths[i]!, high, low);
      this.#macs.add(this.#macs.find(high, low), to - from, bytes, now);
      this.#high = high;
      this.#low = low;
      typePackets += to - from;
      typeBytes += bytes;
      from = to;
    }
    if (typePackets > 0) this.#endType(type, typePackets, typeBytes, this.#high, this.#low);
  }

  /**
   * The first packet behind `from` of another sender or another type; {@link #runBytes} are those before it. Calls nothing: what V8
   * knows of the arrays then holds for the whole loop, and its few variables stay in registers.
   */
  #endOfRun(batch: Batch, from: number, high: number, low: number, type: number): number {
    const { addresses, lengths, words } = batch;
    const count = batch.count | 0;
    let bytes = lengths[from]! | 0;
    let i = (from + 1) | 0;
    while (i < count) {
      const at = addresses[i]! | 0;
      const word = at >>> 2;
      if ((at & 3) !== 0 || words[word + 2] !== low || words[word + 1]! >>> 16 !== high) break;
      if ((words[word + 3]! & 0xffff) !== type) break;
      bytes = (bytes + lengths[i]!) | 0;
      i = (i + 1) | 0;
    }
    this.#runBytes = bytes;
    return i;
  }

  /** The same where packets may lie in several frames. */
  countWhole(batch: Batch, now: number): void {
    const { addresses, lengths, count } = batch;
    for (let first = 0, end = 0; first < count; first = end) {
      end = batch.endOf(first);
      let bytes = 0;
      for (let i = first; i < end; i++) bytes += lengths[i]!;
      const at = addresses[first]!;
      const high = this.#u16(at + 6);
      const low = this.#u16(at + 8) | (this.#u16(at + 10) << 16);
      const type = this.#u16(at + 12);
      if (isTag(type)) this.#countTags(at, lengths[first]!, bytes, high, low);
      this.#macs.add(this.#macs.find(high, low), 1, bytes, now);
      this.#endType(type, 1, bytes, high, low);
    }
  }

  /** @param high and `low`: the source address of the last of these packets */
  #endType(type: number, packets: number, bytes: number, high: number, low: number): void {
    const slot = this.#etherTypes.find(0, ((type & 255) << 8) | (type >>> 8));
    this.#etherTypes.add(slot, packets, bytes, high, low);
  }

  /** What stands behind the tags of one packet. @param length of its first frame, and `bytes` of all of it */
  #countTags(at: number, length: number, bytes: number, high: number, low: number): void {
    let offset = 12;
    for (let level = 1; level <= LEVELS; level++) {
      if (!isTag(this.#u16(at + offset)) || offset + 6 > length) return;
      offset += 4;
      const type = this.#u16(at + offset);
      this.#etherTypes.add(this.#etherTypes.find(level, ((type & 255) << 8) | (type >>> 8)), 1, bytes, high, low);
    }
  }

  /** Two bytes, little-endian. */
  #u16(at: number): number {
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }
}

/** Whether an EtherType, as a little-endian processor reads it, is that of a VLAN tag: 0x8100 or 0x88a8. */
function isTag(type: number): boolean {
  return type === 0x0081 || type === 0xa888;
}
