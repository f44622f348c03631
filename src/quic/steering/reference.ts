import { type Packet, readPacket } from '../../rules/index.js';
import { QuicVersion, u32 } from '../../wire/index.js';
import type { BackendSlot } from './backend.js';
import { hashOf } from './hashing.js';
import { CounterKey, FlowKey } from './layouts.js';
import { MAGLEV_SLOTS, maglevTable, NO_BACKEND } from './maglev.js';
import { type SteeringOptions, type SteeringPlan, steeringPlan } from './options.js';
import { SKETCH_BYTES, sketchPlaces } from './sketch.js';
import { readStatistics, Statistic, type SteeringStatistics } from './statistics.js';
import { insertCost } from './steering-code.js';
import { FLOW_TIMEOUT } from './write-hashing.js';
import { LONGEST_ID, SHORTEST_LONG_PACKET, SHORTEST_PACKET } from './write-header.js';

/** What becomes of a packet: a socket by its key in `xsks_map`, or a verdict. */
export type SteeringVerdict =
  | { readonly to: 'socket'; readonly slot: number; readonly key: number }
  | { readonly to: 'pass' | 'drop'; readonly slot?: number };

type Counts = { -readonly [name in keyof SteeringStatistics]: name extends 'variants' ? number[] : number };

interface Flow {
  readonly slot: number;
  readonly generation: number;
  seen: bigint;
}

/** A packet's ID, and what is to be done with it. */
type Reading =
  | 'truncated'
  | 'forbiddenLength'
  | 'versionZero'
  | {
      readonly id: Uint8Array | undefined;
      readonly counted: Uint8Array;
      readonly decode: boolean;
      readonly first: boolean;
    };

/**
 * What docs/quic-steering.md says becomes of a packet, in code that is slow and plain: the program is measured by it. It is one
 * CPU, its tables never push anything out, and `decode` of the codec reads the IDs.
 */
export class SteeringReference {
  readonly plan: SteeringPlan;
  /** By the bytes of the ID and its length in hexadecimal digits. */
  readonly counters: Map<string, number> = new Map();
  readonly sketch: Float64Array = new Float64Array(SKETCH_BYTES / 8);
  readonly flows: Map<string, Flow> = new Map();
  readonly load: { packets: number; bytes: number; initials: number }[];
  readonly #counts: Counts;
  #slots: readonly BackendSlot[] = [];
  #servers = new Map<number, number>();
  #table = new Uint16Array(MAGLEV_SLOTS).fill(NO_BACKEND);
  #flowTime = 0n;
  #counterTime = 0n;

  /** @throws XDP_ERR_USAGE */
  constructor(options: SteeringOptions) {
    this.plan = steeringPlan(options);
    this.load = Array.from({ length: this.plan.capacity }, () => ({ packets: 0, bytes: 0, initials: 0 }));
    this.#counts = readStatistics(new Uint8Array(Statistic.size)) as Counts;
  }

  get statistics(): SteeringStatistics {
    return this.#counts;
  }

  /** All slots, as they are from now on. */
  setBackends(slots: readonly BackendSlot[]): void {
    const entries = slots.flatMap(({ entry }) => entry ?? []);
    for (const { slot, id } of entries) {
      // What was counted for who had the slot before is gone.
      if (this.#slots[slot]?.entry?.id !== id) this.load[slot] = { packets: 0, bytes: 0, initials: 0 };
    }
    this.#slots = slots;
    this.#servers = new Map(entries.map(({ id, slot }) => [id, slot]));
    this.#table = maglevTable(entries.filter(({ state }) => state === 'active')) as Uint16Array<ArrayBuffer>;
  }

  /** @param now nanoseconds of a monotonic clock */
  steer(frame: Uint8Array, { now = 0n, queue = 0 }: { now?: bigint; queue?: number } = {}): SteeringVerdict {
    const packet = readPacket(frame);
    const { ports, oddPackets, initial } = this.plan;
    if (packet.udp === undefined) return { to: 'pass' };
    if (ports.length > 0 && !ports.includes(packet.udp.destination)) return { to: 'pass' };
    const counts = this.#counts;
    counts.packets++;
    const reading = this.#read(frame.subarray(packet.payload));
    if (typeof reading === 'string') {
      counts[reading]++;
      return { to: oddPackets };
    }
    const { id, counted, decode, first } = reading;
    if (id !== undefined) this.#countId(counted, now);
    if (id === undefined || (!decode && initial === 'hash')) return this.#hash(packet, first, now, queue);
    const server = this.plan.codec.decode(id);
    if (server < 0) {
      counts.invalid++;
      return this.#hash(packet, first, now, queue);
    }
    const { variant } = this.plan.codec;
    if (variant !== undefined) counts.variants[counted[0]! >> variant.shift]!++;
    const slot = this.#servers.get(server);
    if (slot === undefined) {
      counts.unknown++;
      return this.#hash(packet, first, now, queue);
    }
    counts.routed++;
    return this.#deliver(slot, packet, first, queue);
  }

  #read(payload: Uint8Array): Reading {
    if (payload.length < SHORTEST_PACKET) return 'truncated';
    if ((payload[0]! & 0x80) === 0) {
      const id = payload.subarray(1, 1 + LONGEST_ID);
      return { id, counted: id.subarray(0, this.plan.idLength), decode: true, first: false };
    }
    return this.#readLong(payload);
  }

  #readLong(payload: Uint8Array): Reading {
    if (payload.length < SHORTEST_LONG_PACKET) return 'truncated';
    const version = u32(payload, 1);
    const length = payload[5]!;
    if (version === 0) return 'versionZero';
    const known = version === QuicVersion.v1 || version === QuicVersion.v2;
    if (known && length > LONGEST_ID) return 'forbiddenLength';
    const source = 6 + length;
    if (source + 1 > payload.length) return 'truncated';
    if (known && payload[source]! > LONGEST_ID) return 'forbiddenLength';
    if (source + 1 + payload[source]! > payload.length) return 'truncated';
    const id = length > LONGEST_ID ? undefined : payload.subarray(6, source);
    const counted = id ?? new Uint8Array(0);
    if (!known) {
      this.#counts.unknownVersion++;
      return { id, counted, decode: false, first: false };
    }
    const bits = (payload[0]! >> 4) & 3;
    // RFC 9369, section 3.2: the types of version 2 are one further on.
    const type = version === QuicVersion.v2 ? (bits + 3) & 3 : bits;
    if (type <= 1) this.#counts.initial++;
    return { id, counted, decode: type > 1, first: type === 0 };
  }

  #countId(id: Uint8Array, now: bigint): void {
    const key = new Uint8Array(CounterKey.size);
    key.set(id);
    key[CounterKey.length] = id.length;
    const text = Buffer.from(key).toString('hex');
    const before = this.counters.get(text);
    if (before !== undefined) this.counters.set(text, before + 1);
    else {
      const time = this.#taken(this.#counterTime, now);
      if (time === undefined) this.#counts.idsNotCounted++;
      else {
        this.#counterTime = time;
        this.counters.set(text, 1);
      }
    }
    for (const place of sketchPlaces(key, this.plan.hashSeed)) this.sketch[place]!++;
  }

  /** The state of a bucket after one entry, undefined if there is none to be had. */
  #taken(state: bigint, now: bigint): bigint | undefined {
    const { cost, burst } = insertCost(this.plan);
    const after = (state > now ? state : now) + BigInt(cost);
    return after > now + BigInt(burst) ? undefined : after;
  }

  #hash(packet: Packet, first: boolean, now: bigint, queue: number): SteeringVerdict {
    const counts = this.#counts;
    counts.hashed++;
    const key = flowKey(packet);
    const text = Buffer.from(key).toString('hex');
    const flow = this.flows.get(text);
    if (flow !== undefined && this.#isAlive(flow) && now <= flow.seen + BigInt(FLOW_TIMEOUT)) {
      counts.flowHits++;
      flow.seen = now;
      return this.#deliver(flow.slot, packet, first, queue);
    }
    counts.flowMisses++;
    const slot = this.#table[Number(((hashOf(key, this.plan.hashSeed) >> 32n) * BigInt(MAGLEV_SLOTS)) >> 32n)]!;
    if (slot === NO_BACKEND) {
      counts.noBackend++;
      return { to: this.plan.withoutSocket };
    }
    const time = this.#taken(this.#flowTime, now);
    if (time === undefined) counts.flowsNotKept++;
    else {
      this.#flowTime = time;
      this.flows.set(text, { slot, generation: this.#slots[slot]!.generation, seen: now });
    }
    return this.#deliver(slot, packet, first, queue);
  }

  #isAlive({ slot, generation }: Flow): boolean {
    const there = this.#slots[slot];
    return there?.entry !== undefined && there.generation === generation;
  }

  #deliver(slot: number, { frame }: Packet, first: boolean, queue: number): SteeringVerdict {
    const counts = this.#counts;
    const load = this.load[slot]!;
    load.packets++;
    load.bytes += frame.length;
    if (first) load.initials++;
    const { act } = this.#slots[slot]!.entry!;
    if (act === 'host') counts.toHost++;
    if (act === 'drop') counts.toDrop++;
    if (act !== 'socket') return { to: act === 'host' ? 'pass' : 'drop', slot };
    counts.toSocket++;
    const { queues, withoutSocket } = this.plan;
    return queue < queues ? { to: 'socket', slot, key: slot * queues + queue } : { to: withoutSocket, slot };
  }
}

/** Key of the table of flows. */
function flowKey({ frame, ip, transport }: Packet): Uint8Array {
  const key = new Uint8Array(FlowKey.size);
  const { version, source, destination } = ip!;
  for (const [address, at] of [
    [source, FlowKey.source],
    [destination, FlowKey.destination],
  ] as const) {
    if (version === 4) key.set([0xff, 0xff], at + 10);
    key.set(address, at + 16 - address.length);
  }
  key.set(frame.subarray(transport, transport! + 4), FlowKey.ports);
  return key;
}
