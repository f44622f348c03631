import type { Batch, Umem } from '../xsk/index.js';
import { type BatchLoops, batchLoops } from './batch-loops.js';
import { EtherTypeTable } from './ether-type-table.js';
import { MacTable } from './mac-table.js';

/** Source addresses of a queue that are counted one by one: three quarters of it. */
const MAC_SLOTS = 4096;
/** VLAN tags that are looked behind. */
const LEVELS = 4;

/** What `listRuns` tells of a run, by words. */
const Run = { end: 0, bytes: 1, high: 2, low: 3, type: 4 } as const;
const RUN_WORDS = 5;

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
 * longer ones of one type: only the end of a run costs a look into a table.
 */
export class StatisticsStage {
  readonly #macs: MacTable;
  readonly #etherTypes: EtherTypeTable;
  readonly #bytes: Uint8Array;
  readonly #loops: BatchLoops;

  constructor(place: StatisticsPlace, { bytes, arena }: Pick<Umem, 'bytes' | 'arena'>) {
    this.#macs = new MacTable(place.macs);
    this.#etherTypes = new EtherTypeTable(place.etherTypes);
    this.#bytes = bytes;
    this.#loops = batchLoops(arena.memory);
  }

  /**
   * Of a batch in which each frame is a packet.
   *
   * @param now milliseconds since the epoch
   */
  count(batch: Batch, now: number): void {
    const { lengths, addresses, count, scratch, places } = batch;
    const runs = this.#loops.listRuns(places.addresses, places.lengths, count, places.bytes, places.scratch);
    let type = 0;
    let typePackets = 0;
    let typeBytes = 0;
    let high = 0;
    let low = 0;
    for (let n = 0, from = 0; n < runs; n++) {
      const at = n * RUN_WORDS;
      const runType = scratch[at + Run.type]!;
      if (runType !== type) {
        if (typePackets > 0) this.#endType(type, typePackets, typeBytes, high, low);
        type = runType;
        typePackets = 0;
        typeBytes = 0;
      }
      const to = scratch[at + Run.end]!;
      const runBytes = scratch[at + Run.bytes]!;
      high = scratch[at + Run.high]!;
      low = scratch[at + Run.low]! | 0;
      if (isTag(type))
        for (let i = from; i < to; i++) this.#countTags(addresses[i]!, lengths[i]!, lengths[i]!, high, low);
      this.#macs.add(this.#macs.find(high, low), to - from, runBytes, now);
      typePackets += to - from;
      typeBytes += runBytes;
      from = to;
    }
    if (typePackets > 0) this.#endType(type, typePackets, typeBytes, high, low);
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
