import { Arena, calls, Mapping, OwnedFd, ownIdentity, pidNamespace } from '../sys/index.js';
import { buryDead } from './consumer-table.js';
import { Header } from './layout.js';
import { settleRing } from './ring-repair.js';
import { generationOf, Kind, kindOf, stateOf } from './state.js';
import { NewTapFile } from './tap-file.js';
import { TapMemory, tapLength, wordsOf, writeHeader } from './tap-memory.js';
import { encodeNames, geometryOf, TAP_NAME, type TapOptions } from './tap-options.js';
import { TapProducer } from './tap-producer.js';
import { statusOf, type TapStatus } from './tap-status.js';

/** What a tap is in. */
interface TapFile {
  readonly fd: number;
  readonly mapping: Mapping;
  close(): void;
}

/**
 * A tap: packets on their way from the threads of one process to any number of collecting processes, in shared memory. This is
 * the side that makes it. docs/tap-format.md describes the memory.
 *
 * ```ts
 * using tap = TapQueue.create({ producers: 2, interfaces: ['eth1', 'eth2'] });
 * const { memory } = umem.arena;
 * new Worker(file, { workerData: { memory, tap: tap.mapInto(umem.arena) } }); // TapProducer.at(tap, 0, Arena.of(memory)) in there
 * ```
 */
export class TapQueue implements Disposable {
  readonly name: string;
  readonly #file: TapFile;
  readonly #memory: TapMemory;
  /** Of producers on this thread that have no other. */
  #arena: Arena | undefined;
  #isClosed = false;

  private constructor(name: string, file: TapFile, memory: TapMemory) {
    this.name = name;
    this.#file = file;
    this.#memory = memory;
  }

  /**
   * Makes a tap: a file in /dev/shm that only this user may open (mode 0600). One of the same name whose process has died is
   * replaced.
   *
   * @throws XDP_ERR_USAGE for a value out of its range, XDP_ERR_TAP_TAKEN when another process has a tap of this name,
   *   XDP_ERR_SYSTEM (ENOSPC) when /dev/shm is full
   */
  static create(options: TapOptions = {}): TapQueue {
    const { name = TAP_NAME } = options;
    const names = encodeNames(options);
    const geometry = geometryOf(options, names.length);
    const file = new NewTapFile(name, tapLength(geometry));
    try {
      const memory = prepare(file.mapping, geometry, names);
      file.publish();
      return new TapQueue(name, file, memory);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** A tap that no other process sees, to warm code up with and to measure. @throws XDP_ERR_USAGE */
  static inMemory(options: TapOptions = {}): TapQueue {
    const names = encodeNames(options);
    const geometry = geometryOf(options, names.length);
    const length = tapLength(geometry);
    const file = new OwnedFd(calls.memfd('tap', length), 'tap');
    const mapping = Mapping.ofFd(file.fd, length, 0);
    const close = () => {
      mapping.close();
      file.close();
    };
    return new TapQueue(options.name ?? TAP_NAME, { fd: file.fd, mapping, close }, prepare(mapping, geometry, names));
  }

  /**
   * For a thread of this process that writes: `TapProducer.at`. It has to end before the tap is closed.
   *
   * @param arena that the packets are in; the tap stays there for as long as it does
   */
  mapInto(arena: Arena): Uint8Array {
    return arena.map(this.#file.fd, this.#file.mapping.length, 0);
  }

  /**
   * The producer of a ring, for this thread.
   *
   * @param arena as for {@link mapInto}; default: one that no packets are in, which takes longer
   * @throws XDP_ERR_USAGE for a ring that the tap has not
   */
  producer(ring: number, arena?: Arena): TapProducer {
    if (arena === undefined) this.#arena ??= Arena.create();
    const there = arena ?? this.#arena!;
    return TapProducer.at(this.mapInto(there), ring, there);
  }

  /** After a producer's thread has ended, in whatever way: consumers get all that it had published. */
  retire(ring: number): void {
    settleRing(this.#memory, ring);
  }

  /** Looks for consumers that have died. @returns how many packets were found in their hands */
  recover(): number {
    return buryDead(this.#memory);
  }

  /** Collects all that is published and throws it away: to warm code up with and to measure. */
  discard(): void {
    const { words, geometry } = this.#memory;
    for (let ring = 0; ring < geometry.rings; ring++) {
      const states = this.#memory.states(ring);
      for (let block = 0; block < geometry.blocks; block++) {
        const state = Atomics.load(words, states + block);
        if (kindOf(state) !== Kind.published) continue;
        Atomics.compareExchange(words, states + block, state, stateOf(Kind.collected, generationOf(state)));
      }
    }
  }

  status(): TapStatus {
    return statusOf(this.name, this.#memory);
  }

  /** After the producers' threads have ended. Consumers get what is left; the name is free again. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (let ring = 0; ring < this.#memory.geometry.rings; ring++) settleRing(this.#memory, ring);
    Atomics.store(this.#memory.words, Header.closed, 1);
    this.#file.close();
    this.#arena?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function prepare(mapping: Mapping, geometry: Parameters<typeof writeHeader>[1], names: Uint8Array): TapMemory {
  const bytes = new Uint8Array(mapping.buffer);
  const words = wordsOf(bytes);
  const { pid, startLow, startHigh } = ownIdentity();
  const { low, high } = pidNamespace();
  words[Header.ownerPid] = pid;
  words[Header.ownerStart] = startLow;
  words[Header.ownerStart + 1] = startHigh;
  words[Header.pidNamespace] = low;
  words[Header.pidNamespace + 1] = high;
  writeHeader(bytes, geometry, names);
  return TapMemory.of(bytes);
}
