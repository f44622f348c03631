import { Mapping, ownIdentity, pidNamespace } from '../sys/index.js';
import { buryDead } from './consumer-table.js';
import { Header } from './layout.js';
import { settleRing } from './ring-repair.js';
import { NewTapFile } from './tap-file.js';
import { TapMemory, tapLength, writeHeader } from './tap-memory.js';
import { encodeNames, geometryOf, TAP_NAME, type TapOptions } from './tap-options.js';
import { type TapPlace, TapProducer } from './tap-producer.js';
import { statusOf, type TapStatus } from './tap-status.js';

/**
 * A tap: packets on their way from the threads of one process to any number of collecting processes, in shared memory. This is
 * the side that makes it. docs/tap-format.md describes the memory.
 *
 * ```ts
 * using tap = TapQueue.create({ producers: 2, interfaces: ['eth1', 'eth2'] });
 * new Worker(file, { workerData: { tap: tap.place, ring: 0 } }); // TapProducer.at(tap, ring) in there
 * ```
 */
export class TapQueue implements Disposable {
  readonly name: string;
  readonly #file: { readonly mapping: Mapping; close(): void };
  readonly #memory: TapMemory;
  #isClosed = false;

  private constructor(name: string, file: { readonly mapping: Mapping; close(): void }, memory: TapMemory) {
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
    const mapping = Mapping.anonymous(tapLength(geometry));
    return new TapQueue(
      options.name ?? TAP_NAME,
      { mapping, close: () => mapping.close() },
      prepare(mapping, geometry, names),
    );
  }

  /** For the threads of this process that write: `TapProducer.at`. They have to end before the tap is closed. */
  get place(): TapPlace {
    const { address, length } = this.#file.mapping;
    return { address, length };
  }

  /** The producer of a ring, for this thread. @throws XDP_ERR_USAGE for a ring that the tap has not */
  producer(ring: number): TapProducer {
    return new TapProducer(TapMemory.of(this.#file.mapping.buffer), ring);
  }

  /** After a producer's thread has ended, in whatever way: consumers get all that it had published. */
  retire(ring: number): void {
    settleRing(this.#memory, ring);
  }

  /** Looks for consumers that have died. @returns how many packets were found in their hands */
  recover(): number {
    return buryDead(this.#memory);
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
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function prepare(mapping: Mapping, geometry: Parameters<typeof writeHeader>[1], names: Uint8Array): TapMemory {
  const words = new Int32Array(mapping.buffer);
  const { pid, startLow, startHigh } = ownIdentity();
  const { low, high } = pidNamespace();
  words[Header.ownerPid] = pid;
  words[Header.ownerStart] = startLow;
  words[Header.ownerStart + 1] = startHigh;
  words[Header.pidNamespace] = low;
  words[Header.pidNamespace + 1] = high;
  writeHeader(mapping.buffer, geometry, names);
  return TapMemory.of(mapping.buffer);
}
