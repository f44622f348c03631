import { type Arena, WasmCode, XdpError } from '../sys/index.js';
import { MacSet } from './mac-set.js';

/** What src/control/wasm/mac-classes.ts exports. */
interface ClassLoops {
  classify(
    addresses: number,
    count: number,
    frames: number,
    filter: number,
    tables: number,
    tableBytes: number,
    classes: number,
  ): number;
  redirect(classes: number, count: number, bits: number, egress: number, value: number): void;
}

const code = new WasmCode<ClassLoops>(new URL('./wasm/mac-classes.wasm', import.meta.url));

const MOST_SETS = 4;
const TABLE_BYTES = MacSet.FILTER_AT - MacSet.TABLE_AT;

/** Packets in the arena: a batch. */
export interface ClassifiedPackets {
  readonly count: number;
  /** Bytes of the arena: where the packets are counted from, where their offsets from there stand, their classes and their egress. */
  readonly places: {
    readonly bytes: number;
    readonly addresses: number;
    readonly classes: number;
    readonly egress: number;
  };
  /** Who has classified these packets; undefined as soon as they are others, or have other addresses. */
  classifiedBy: object | undefined;
  /** The bits of all of them. Without any, classes need not have been written. */
  classesFound: number;
}

/**
 * Tells of the packets of a batch which sets their addresses are in, for one thread: all sets in one pass, since fetching the packets'
 * headers takes most of the time. It works on copies of the sets beside the packets, which it renews when a set has changed.
 *
 * The class of a packet has a bit for each set that its source is in, and four bits above it one for each that its destination is in.
 */
export class MacClasses {
  readonly #sets: readonly MacSet[];
  readonly #versions: (number | undefined)[];
  /** The filters of all sets, each in a bit, and the sets' tables, one behind the other. */
  readonly #filter: Uint8Array;
  readonly #tables: Uint8Array;
  /** Bytes of the arena. */
  readonly #filterAt: number;
  readonly #tablesAt: number;
  readonly #loops: ClassLoops;
  #isEmpty = true;

  /**
   * @param sets up to four
   * @param arena that the packets are in
   * @throws XDP_ERR_USAGE for more sets
   */
  constructor(sets: readonly MacSet[], arena: Arena) {
    if (sets.length > MOST_SETS)
      throw new XdpError('XDP_ERR_USAGE', `packets are looked up in ${MOST_SETS} sets at most`);
    this.#sets = sets;
    this.#versions = sets.map(() => undefined);
    this.#filter = arena.allocate(MacSet.BYTES - MacSet.FILTER_AT);
    this.#tables = arena.allocate(MOST_SETS * TABLE_BYTES);
    this.#filterAt = this.#filter.byteOffset;
    this.#tablesAt = this.#tables.byteOffset;
    this.#loops = code.over(arena.memory);
  }

  /** The bit of packets from a member of this set. @throws XDP_ERR_USAGE for a set that is none of these */
  from(set: MacSet): number {
    const place = this.#sets.indexOf(set);
    if (place < 0) throw new XdpError('XDP_ERR_USAGE', 'packets are not looked up in this set');
    return 1 << place;
  }

  /** The bit of packets to a member. */
  to(set: MacSet): number {
    return this.from(set) << MOST_SETS;
  }

  /** Both. */
  either(set: MacSet): number {
    return this.from(set) | this.to(set);
  }

  /** Classifies the packets, unless it has. @returns the bits of all of them */
  classify(packets: ClassifiedPackets): number {
    if (packets.classifiedBy === this) return packets.classesFound;
    for (let i = 0; i < this.#sets.length; i++) if (this.#sets[i]!.hasChanged(this.#versions[i])) this.#renew(i);
    const { bytes, addresses, classes } = packets.places;
    const { count } = packets;
    const found = this.#isEmpty
      ? 0
      : this.#loops.classify(addresses, count, bytes, this.#filterAt, this.#tablesAt, TABLE_BYTES, classes);
    packets.classifiedBy = this;
    packets.classesFound = found;
    return found;
  }

  /** Gives the packets that have one of the bits another egress, but for those that have a negative one. */
  redirect(packets: ClassifiedPackets, bits: number, egress: number): void {
    if ((this.classify(packets) & bits) === 0) return;
    this.#loops.redirect(packets.places.classes, packets.count, bits, packets.places.egress, egress);
  }

  /** What is added while it copies is a change of its own. */
  #renew(place: number): void {
    const set = this.#sets[place]!;
    this.#versions[place] = set.version;
    const shared = new Uint8Array(set.shared);
    this.#tables.set(shared.subarray(MacSet.TABLE_AT, MacSet.FILTER_AT), place * TABLE_BYTES);
    this.#isEmpty = this.#sets.every(({ isEmpty }) => isEmpty);
    const bit = 1 << place;
    for (let i = 0; i < this.#filter.length; i++) {
      this.#filter[i] = (this.#filter[i]! & ~bit) | (shared[MacSet.FILTER_AT + i]! << place);
    }
  }
}
