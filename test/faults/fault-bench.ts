import { ControlBlock, MacSet } from '../../dist/control/index.js';
import {
  FAULT_COUNTERS,
  FAULT_SETTINGS,
  type FaultCounts,
  FaultInjector,
  FaultLogReader,
  type FaultRecord,
  type FaultSettings,
  faultLogRing,
  readFaultCounts,
} from '../../dist/faults/index.js';
import { Batch, FrameOwner, Umem, XDP_PKT_CONTD } from '../../dist/xsk/index.js';

export const DROPS = { drop: -6, burstLoss: -7, holdOverflow: -8 };

export interface FaultBenchOptions {
  readonly frames?: number;
  readonly frameSize?: number;
  readonly batch?: number;
  readonly holdFrames?: number;
  readonly fragments?: boolean;
  readonly port?: number;
  readonly queue?: number;
  readonly queues?: number;
  readonly log?: number;
  readonly ledger?: boolean;
}

/** A packet that left: what it was by then, and when and where it left. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly time: number;
  readonly egress: number;
}

/** An injector for one queue, on memory of its own, with a clock that is set by hand and the ledger on. */
export class FaultBench implements Disposable {
  readonly umem: Umem;
  readonly control: ControlBlock<typeof FAULT_SETTINGS>;
  readonly sources: MacSet = new MacSet();
  readonly destinations: MacSet = new MacSet();
  readonly injector: FaultInjector;
  readonly batch: Batch;
  readonly sent: Sent[] = [];
  /** Packets dropped, by egress. */
  readonly dropped = new Map<number, number>();
  readonly log: FaultLogReader | undefined;
  now = 1000;
  readonly #counters = new Float64Array(FAULT_COUNTERS.length);
  readonly #port: number;

  constructor(settings: Partial<FaultSettings> = {}, options: FaultBenchOptions = {}) {
    const { frames = 512, frameSize = 2048, batch = 64, holdFrames = 256, fragments = false, ledger = true } = options;
    const { port = 0, queue = 0, queues = 1 } = options;
    const ring = options.log === undefined ? undefined : faultLogRing(options.log);
    this.umem = new Umem({ frames, frameSize, fragments, ledger });
    this.control = new ControlBlock(FAULT_SETTINGS, port + 1);
    this.#port = port;
    this.set({ enabled: 1, ...settings });
    this.log = ring === undefined ? undefined : new FaultLogReader(ring);
    this.injector = new FaultInjector({
      umem: this.umem,
      control: this.control,
      sources: this.sources,
      destinations: this.destinations,
      sockets: [{ port, queue, row: 0, queues }],
      counters: this.#counters,
      drops: DROPS,
      holdMemory: FaultInjector.holdMemory(holdFrames),
      clock: () => this.now,
      log: ring,
    });
    this.batch = new Batch(this.umem, batch);
  }

  get counts(): FaultCounts {
    return readFaultCounts(this.#counters, 0);
  }

  get records(): FaultRecord[] {
    return this.log?.read(Number.POSITIVE_INFINITY) ?? [];
  }

  set(settings: Partial<FaultSettings>): void {
    this.control.change(settings, this.#port);
  }

  /** Has packets come in, as many at once as a batch holds, and sends what may leave. */
  pass(packets: readonly Uint8Array[], egress = 1): void {
    const { batch } = this;
    batch.count = 0;
    for (const packet of packets) {
      if (batch.count + this.#framesOf(packet) > batch.capacity) this.#apply();
      this.#load(packet, egress);
    }
    this.#apply();
  }

  /** The same for packets whose bytes don't matter. Nothing is recorded of what leaves, but its number. @returns that */
  passBlank(packets: number, length = 60): number {
    const { batch, umem, injector } = this;
    let left = 0;
    for (let done = 0; done < packets; done += batch.count) {
      const count = Math.min(batch.capacity, packets - done);
      for (let i = 0; i < count; i++) {
        batch.addresses[i] = umem.pool.take() + 256;
        batch.lengths[i] = length;
        batch.egress[i] = 1;
      }
      umem.ledger?.moveAll(batch.addresses, 0, count, FrameOwner.free, FrameOwner.application);
      batch.count = count;
      injector.apply(0, batch);
      left += this.#giveBack();
      while (injector.due(0, batch) > 0) left += this.#giveBack();
      batch.count = count;
    }
    return left;
  }

  /** Lets time go on to a moment, waking only when the injector says so. */
  runTo(time: number): void {
    while (this.injector.nextDue <= time) {
      this.now = Math.max(this.now, this.injector.nextDue);
      this.#sendDue();
    }
    this.now = time;
    this.#sendDue();
  }

  [Symbol.dispose](): void {
    this.umem.close();
  }

  #framesOf(packet: Uint8Array): number {
    return this.umem.fragments ? Math.ceil(packet.length / this.umem.capacity) : 1;
  }

  #load(packet: Uint8Array, egress: number): void {
    const { batch, umem } = this;
    const most = umem.fragments ? umem.capacity : packet.length;
    for (let done = 0; done < packet.length; done += most) {
      const i = batch.count++;
      const address = umem.pool.take() + 256;
      const part = packet.subarray(done, done + most);
      umem.bytes.set(part, address);
      batch.addresses[i] = address;
      batch.lengths[i] = part.length;
      batch.options[i] = done + most < packet.length ? XDP_PKT_CONTD : 0;
      batch.egress[i] = egress;
      umem.ledger?.move(address, FrameOwner.free, FrameOwner.application);
    }
  }

  #apply(): void {
    this.injector.apply(0, this.batch);
    this.#record();
    this.#sendDue();
    this.batch.count = 0;
  }

  #sendDue(): void {
    while (this.injector.due(0, this.batch) > 0) this.#record();
    this.batch.count = 0;
  }

  #record(): void {
    const { batch, umem } = this;
    for (let first = 0, end = 0; first < batch.count; first = end) {
      end = umem.fragments ? batch.endOf(first) : first + 1;
      const egress = batch.egress[first]!;
      if (egress < 0) this.dropped.set(egress, (this.dropped.get(egress) ?? 0) + 1);
      else {
        const parts = [];
        for (let i = first; i < end; i++) {
          parts.push(umem.bytes.slice(batch.addresses[i]!, batch.addresses[i]! + batch.lengths[i]!));
        }
        this.sent.push({ bytes: new Uint8Array(Buffer.concat(parts)), time: this.now, egress });
      }
    }
    this.#giveBack();
  }

  /** @returns how many frames were to leave */
  #giveBack(): number {
    const { batch, umem } = this;
    let left = 0;
    for (let i = 0; i < batch.count; i++) {
      if (batch.egress[i]! >= 0) left++;
      umem.ledger?.move(batch.addresses[i]!, FrameOwner.application, FrameOwner.free);
      umem.pool.give(batch.addresses[i]!);
    }
    return left;
  }
}

/** A packet that tells its number by its source address, which no fault touches. */
export function numbered(number: number, length = 60): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + number) & 255);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, number >> 24, number >> 16, number >> 8, number, 0x88, 0xb5]);
  return bytes;
}

export function numberOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readInt32BE(8);
}

export function manyNumbered(count: number, length = 60, from = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => numbered(from + i, length));
}

export function hex(packets: readonly { readonly bytes: Uint8Array }[]): string[] {
  return packets.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
}

/** Whether a count lies within four standard deviations of what is to be expected of `trials`. */
export function isWithinFourSigma(count: number, trials: number, probability: number): boolean {
  const sigma = Math.sqrt(trials * probability * (1 - probability));
  return Math.abs(count - trials * probability) <= 4 * sigma;
}
