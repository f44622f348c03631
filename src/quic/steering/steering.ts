import { link as linkProgram } from '../../ebpf/index.js';
import { BpfMap, NamedPins, u32, XdpProgram } from '../../kernel/index.js';
import { requireCapabilities, XdpError } from '../../sys/index.js';
import type { BackendEntry, BackendOptions } from './backend.js';
import { BackendTable, maglevValue } from './backend-table.js';
import { CounterKey, LoadValue, SettingsValue, SteeringMap } from './layouts.js';
import type { SteeringOptions } from './options.js';
import { SKETCH_BYTES, sketchEstimate } from './sketch.js';
import { readStatistics, type SteeringStatistics } from './statistics.js';
import type { SteeringMapShape } from './steering-maps.js';
import { compileSteering } from './steering-program.js';

/** What bpftool calls the program of a steering. */
export const STEERING_PROGRAM = 'xdpkit_steering';
const PIN_KIND = 'steering';
/** The pin that rules look for. */
const PROGRAM_PIN = 'program';

/** A backend, and what it got since it was added. */
export interface SteeringBackend extends BackendEntry {
  readonly packets: number;
  /** Of frames. */
  readonly bytes: number;
  /** Clients' Initial packets. */
  readonly initials: number;
}

/** A connection ID with the packets it was counted in. */
export interface CountedId {
  readonly id: Uint8Array;
  /** Perhaps a few more than there were: those of IDs that share all of its places in the sketch. */
  readonly packets: number;
}

/**
 * QUIC steering in the kernel: an XDP program that hands every packet to the backend that its connection ID names, and the maps by
 * which backends come and go. It is attached by others, or called by rules (`{ steer: NAME }`) once it is pinned. Needs CAP_BPF,
 * CAP_NET_ADMIN and CAP_PERFMON; Linux 5.15.
 *
 * ```ts
 * using steering = Steering.load({ codec: cidCodec({ codec: 'cidv1' }), queues: link.queues, ports: [4433] });
 * const { slot } = steering.add({ id: 1 });
 * steering.setSocket(slot, 0, socket.fd);
 * using attached = attachProgram(steering.program, link);
 * ```
 */
export class Steering implements Disposable {
  readonly program: XdpProgram;
  /** By their names in the kernel. */
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** Receive queues that it was loaded for. */
  readonly queues: number;
  /** Backends at most. */
  readonly capacity: number;
  readonly #hashSeed: number;
  readonly #table: BackendTable;
  readonly #sockets = new Map<number, number>();
  /** Where others find it. */
  #pins: NamedPins | undefined;

  private constructor(program: XdpProgram, maps: ReadonlyMap<string, BpfMap>, pins?: NamedPins) {
    this.#pins = pins;
    this.program = program;
    this.maps = maps;
    const settings = maps.get(SteeringMap.settings)!.lookup(u32(0))!;
    const view = new DataView(settings.buffer, settings.byteOffset);
    this.queues = view.getUint32(SettingsValue.queues, true);
    this.capacity = view.getUint32(SettingsValue.capacity, true);
    this.#hashSeed = view.getUint32(SettingsValue.hashSeed, true);
    this.#table = new BackendTable(maps);
  }

  /** Makes the maps, without backends, and loads the program. @throws XDP_ERR_USAGE, XDP_ERR_VERIFIER, XDP_ERR_PERMISSION */
  static load(options: SteeringOptions): Steering {
    const { program: assembled, maps: shapes } = compileSteering(options);
    // It counts bytes: the length of a frame is the difference of two pointers (kernel/bpf/verifier.c, allow_ptr_leaks).
    requireCapabilities('a QUIC steering', ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON']);
    const maps = new Map<string, BpfMap>();
    try {
      for (const shape of shapes) maps.set(shape.name, makeMap(shape));
      const fds = Object.fromEntries([...maps].map(([name, { fd }]) => [name, fd]));
      const program = new XdpProgram({ name: STEERING_PROGRAM, instructions: linkProgram(assembled, fds) });
      try {
        program.bindMap(maps.get(SteeringMap.settings)!);
        return new Steering(program, maps);
      } catch (error) {
        program.close();
        throw error;
      }
    } catch (error) {
      for (const map of maps.values()) map.close();
      throw error;
    }
  }

  /** One that is pinned, by whatever process. @throws XDP_ERR_NO_PROGRAM when there is none of this name */
  static open(name: string): Steering {
    const pins = NamedPins.of(PIN_KIND, name);
    if (!pins.exists) {
      throw new XdpError('XDP_ERR_NO_PROGRAM', `there is no QUIC steering "${name}"`, {
        advice: `those that run: ${Steering.pinned().join(', ') || 'none'}`,
      });
    }
    const maps = new Map<string, BpfMap>();
    try {
      for (const pin of pins.pins()) if (pin.kind === 'map') maps.set(pin.name, BpfMap.openPinned(pin.path));
      return new Steering(XdpProgram.openPinned(pins.pathOf(PROGRAM_PIN)), maps, pins);
    } catch (error) {
      for (const map of maps.values()) map.close();
      throw error;
    }
  }

  /** Names of those that are pinned. */
  static pinned(): string[] {
    return NamedPins.all(PIN_KIND).map(({ name }) => name);
  }

  /**
   * Gives program and maps names in the bpffs, `xdpkit-steering/NAME/…`: they live on without this process, and others
   * ({@link open}, rules, bpftool) find them.
   *
   * @throws XDP_ERR_USAGE when the name is taken
   */
  pin(name: string): void {
    const pins = NamedPins.of(PIN_KIND, name);
    if (pins.exists) throw new XdpError('XDP_ERR_USAGE', `there is a QUIC steering "${name}" already`);
    pins.create();
    try {
      for (const [map, object] of this.maps) object.pin(pins.pathOf(map));
      this.program.pin(pins.pathOf(PROGRAM_PIN));
      this.#pins = pins;
    } catch (error) {
      pins.remove();
      throw error;
    }
  }

  /** Takes the names away. Idempotent. */
  static unpin(name: string): void {
    NamedPins.of(PIN_KIND, name).remove();
  }

  /** By slot. */
  backends(): SteeringBackend[] {
    const load = this.maps.get(SteeringMap.load)!;
    return this.#table.entries().map((entry) => {
      const values = load.lookup(u32(entry.slot))!;
      const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
      const sum = (offset: number) => {
        let total = 0n;
        for (let at = offset; at < values.length; at += LoadValue.size) total += view.getBigUint64(at, true);
        return Number(total);
      };
      return {
        ...entry,
        packets: sum(LoadValue.packets),
        bytes: sum(LoadValue.bytes),
        initials: sum(LoadValue.initials),
      };
    });
  }

  /** @throws XDP_ERR_USAGE when one has this id already, there is no room, or something is out of range */
  add(backend: BackendOptions): BackendEntry {
    return this.addAll([backend])[0]!;
  }

  /** Several at once: as quick as one. */
  addAll(backends: readonly BackendOptions[]): BackendEntry[] {
    return this.#change(() => this.#table.add(backends));
  }

  /** Its connections stay: those that its IDs name, and flows in the table. New ones go elsewhere. @throws XDP_ERR_USAGE */
  drain(id: number): void {
    this.#change(() => this.#table.change(id, { state: 'draining' }));
  }

  /** Ends draining. @throws XDP_ERR_USAGE */
  activate(id: number): void {
    this.#change(() => this.#table.change(id, { state: 'active' }));
  }

  /** @param weight 1 to 65535 @throws XDP_ERR_USAGE */
  weigh(id: number, weight: number): void {
    this.#change(() => this.#table.change(id, { weight }));
  }

  /** Its IDs are unknown from now on, its flows are hashed anew, and its sockets are taken out. @throws XDP_ERR_USAGE */
  remove(id: number): void {
    this.#change(() => {
      const { slot } = this.#table.remove(id);
      for (let queue = 0; queue < this.queues; queue++) this.unsetSocket(slot, queue);
    });
  }

  /** The key of a backend's socket for a queue in `xsks_map`. */
  socketKey(slot: number, queue: number): number {
    if (queue >= this.queues || slot >= this.capacity) {
      throw new RangeError(`slot ${slot}, queue ${queue}: the steering has ${this.capacity} and ${this.queues}`);
    }
    return slot * this.queues + queue;
  }

  /** @param fd descriptor of an AF_XDP socket that is bound to this queue: the kernel drops what is redirected to another queue's */
  setSocket(slot: number, queue: number, fd: number): void {
    const key = this.socketKey(slot, queue);
    this.maps.get(SteeringMap.sockets)!.update(u32(key), u32(fd));
    this.#sockets.set(key, fd);
  }

  unsetSocket(slot: number, queue: number): void {
    const key = this.socketKey(slot, queue);
    this.maps.get(SteeringMap.sockets)!.delete(u32(key));
    this.#sockets.delete(key);
  }

  /** Keys and sockets that this object has set: the kernel does not tell what is in an XSKMAP. */
  sockets(): IterableIterator<[key: number, fd: number]> {
    return this.#sockets.entries();
  }

  /** Summed up over all CPUs. */
  statistics(): SteeringStatistics {
    return readStatistics(this.maps.get(SteeringMap.statistics)!.lookup(u32(0))!);
  }

  /** The connection IDs with the most packets since the steering was loaded, of those that have a counter now. */
  heaviest(count: number): CountedId[] {
    const sketch = this.#sketch();
    const ids: CountedId[] = [];
    for (const [key] of this.maps.get(SteeringMap.counters)!.elements()) {
      const length = key[CounterKey.length]!;
      ids.push({ id: key.slice(0, length), packets: sketchEstimate(sketch, key, this.#hashSeed) });
    }
    return ids.sort((a, b) => b.packets - a.packets).slice(0, count);
  }

  /** One change at a time, of all processes that have opened it. */
  #change<T>(make: () => T): T {
    return this.#pins === undefined ? make() : this.#pins.exclusively(make);
  }

  /** The sketches of all CPUs added up: each number is at most 2^53. */
  #sketch(): Float64Array {
    const values = this.maps.get(SteeringMap.sketch)!.lookup(u32(0))!;
    const numbers = new BigUint64Array(values.buffer, values.byteOffset, values.length / 8);
    const sum = new Float64Array(SKETCH_BYTES / 8);
    for (const [i, number] of numbers.entries()) sum[i % sum.length]! += Number(number);
    return sum;
  }

  /** Idempotent. A link, pins, and rules keep the program alive. */
  close(): void {
    this.program.close();
    for (const map of this.maps.values()) map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function makeMap({ inner, value, ...shape }: SteeringMapShape): BpfMap {
  if (inner === undefined) {
    const map = new BpfMap(shape);
    if (value !== undefined) map.update(u32(0), value);
    return map;
  }
  using table = new BpfMap(inner);
  table.update(u32(0), maglevValue([]));
  const map = new BpfMap({ ...shape, inner: table });
  map.update(u32(0), u32(table.fd));
  return map;
}
