import { MacClasses } from '../control/index.js';
import { FaultInjector, type LeftFrame } from '../faults/index.js';
import { TapDirection, type TapProducer } from '../tap/index.js';
import type { Batch, Umem } from '../xsk/index.js';
import { Drop } from './counters.js';
import { DropStage } from './drop-stage.js';
import { PipelineMemory } from './pipeline-memory.js';
import type { PipelineSettings } from './pipeline-settings.js';
import { StatisticsStage } from './statistics-stage.js';
import { TapStage } from './tap-stage.js';
import { WallClock } from './wall-clock.js';

/** A socket as its stages know it. */
export interface StagedSocket {
  readonly port: number;
  /** Queue of that port, and how many it has. */
  readonly queue: number;
  readonly queues: number;
  /** Its number among all sockets of all workers. */
  readonly number: number;
}

export interface StagesOptions {
  readonly umem: Umem;
  readonly memory: PipelineMemory;
  /** Those of one worker; the methods know them by their place here. */
  readonly sockets: readonly StagedSocket[];
  /** Of the frames that faults hold back: FaultInjector.holdMemory. */
  readonly holdMemory: SharedArrayBuffer;
  /** A ring to log faults to; without it, they are not logged. */
  readonly faultLog?: SharedArrayBuffer | undefined;
  /** The worker's end of the tap; without it, nothing is tapped. */
  readonly tap?: TapProducer | undefined;
}

const FAULT_DROPS = {
  drop: Drop.faultDrop,
  burstLoss: Drop.faultBurstLoss,
  holdOverflow: Drop.holdOverflow,
};

/**
 * The stages of a worker that people switch on and off while it runs, in the order of IXDP's packet flow: statistics and RX
 * tap when packets have come in, drop set and faults when it is known where they go, the TX tap when they are sent.
 */
export class Stages {
  readonly #memory: PipelineMemory;
  readonly #fragments: boolean;
  readonly #sockets: readonly StagedSocket[];
  readonly #statistics: readonly StatisticsStage[];
  readonly #drops: DropStage;
  /** Read once for each batch and direction, where anybody wants to know. */
  readonly #clock: WallClock = new WallClock();
  readonly #tap: TapStage | undefined;
  /** Which ports' packets are tapped when they are sent. */
  readonly #tapsTx: boolean[];
  readonly #faults: FaultInjector;
  #generation: number | undefined;
  #faultGeneration: number | undefined;
  #settings: readonly PipelineSettings[] = [];
  #dropping = false;
  /** Whether any port's packets are tapped. */
  #taps = false;

  constructor({ umem, memory, sockets, holdMemory, faultLog, tap }: StagesOptions) {
    this.#memory = memory;
    this.#fragments = umem.fragments;
    this.#sockets = sockets;
    this.#statistics = sockets.map(({ number }) => new StatisticsStage(memory.place.statistics[number]!, umem));
    const classes = new MacClasses(memory.sets, umem.arena);
    this.#drops = new DropStage(memory.drops, classes, umem);
    this.#tap = tap && new TapStage(tap, memory.taps, classes, this.#clock, umem);
    this.#tapsTx = Array.from({ length: memory.place.ports }, () => false);
    this.#faults = new FaultInjector({
      umem,
      control: memory.faults,
      sources: memory.faultSources,
      destinations: memory.faultDestinations,
      classes,
      sockets: sockets.map(({ port, queue, queues, number }) => {
        return { port, queue, queues, row: PipelineMemory.faultRow(number) };
      }),
      counters: memory.faultCounts,
      drops: FAULT_DROPS,
      holdMemory,
      log: faultLog,
      clock: () => performance.now(),
    });
  }

  /** Whether other stages are on than when it was last asked. For each turn. */
  changed(): boolean {
    const { settings, faults, drops } = this.#memory;
    const dropping = !drops.isEmpty;
    const differs = settings.hasChanged(this.#generation) || faults.hasChanged(this.#faultGeneration);
    if (!differs && dropping === this.#dropping) return false;
    const { generation } = settings;
    const faultGeneration = faults.generation;
    const read = this.#sockets.map(({ port }) => settings.read(port));
    // A change is under way: at the next turn.
    if (read.includes(undefined) || settings.generation !== generation) return false;
    this.#settings = read as PipelineSettings[];
    for (let port = 0; port < this.#tapsTx.length; port++) this.#tapsTx[port] = settings.get('txTap', port) === 1;
    this.#taps =
      this.#tap !== undefined && (this.#tapsTx.includes(true) || this.#settings.some(({ rxTap }) => rxTap === 1));
    this.#generation = generation;
    this.#faultGeneration = faultGeneration;
    this.#dropping = dropping;
    return true;
  }

  /** Whether packets of a socket have to be looked at, or may pass from ring to ring. */
  looksAt(socket: number): boolean {
    const { statistics, rxTap } = this.#settings[socket]!;
    const taps = this.#tap !== undefined && (rxTap === 1 || this.#tapsTx.includes(true));
    return statistics === 1 || taps || this.chooses(socket);
  }

  /** Whether {@link leaving} has something to do: it wants to know where packets go. */
  chooses(socket: number): boolean {
    return this.#dropping || this.#faults.isActive(socket);
  }

  /** Packets have come in. */
  received(socket: number, batch: Batch): void {
    const { statistics: counts, rxTap } = this.#settings[socket]!;
    const taps = rxTap === 1 && this.#tap !== undefined;
    if (counts === 1 || taps) this.#clock.read();
    if (counts === 1) {
      const statistics = this.#statistics[socket]!;
      if (this.#fragments) statistics.countWhole(batch, this.#clock.milliseconds);
      else statistics.count(batch, this.#clock.milliseconds);
    }
    if (taps) this.#tap!.write(batch, 0, batch.count, this.#sockets[socket]!.port, TapDirection.in, 0);
  }

  /** Packets are about to be sent or dropped. */
  departing(): void {
    if (this.#taps) this.#clock.read();
  }

  /** Frames `from` up to `to` were put into a TX ring of a port. */
  sent(batch: Batch, from: number, to: number, port: number): void {
    if (this.#tapsTx[port]) this.#tap?.write(batch, from, to, port, TapDirection.out, 0);
  }

  /** Frames `from` up to `to` of a socket's packets are dropped. @param reason its negative egress */
  dropped(batch: Batch, from: number, to: number, socket: number, reason: number): void {
    // What a mirror port sends is seen once: that it goes no further is no event.
    if (reason === Drop.mirrored) return;
    if (this.#settings[socket]!.rxTap === 0) return;
    this.#tap?.write(batch, from, to, this.#sockets[socket]!.port, TapDirection.in, -reason);
  }

  /** A batch is done. */
  publish(): void {
    this.#tap?.publish();
  }

  /** It is known where packets go: some are dropped here, or held, or changed. The batch may be empty then. */
  leaving(socket: number, batch: Batch): void {
    if (this.#dropping) this.#drops.apply(batch);
    this.#faults.apply(socket, batch);
  }

  /** Frames that another thread held when it died. */
  get left(): readonly LeftFrame[] {
    return this.#faults.left;
  }

  /** Frames that are held. */
  get held(): number {
    return this.#faults.held;
  }

  /** Fills a batch with packets of a socket that were held, and are due now. Ask until there are none. @returns frames */
  due(socket: number, batch: Batch): number {
    return this.#faults.due(socket, batch);
  }

  /** When the next held packet is due: milliseconds from now, Infinity when there is none. */
  get patience(): number {
    return this.#faults.nextDue - performance.now();
  }

  /** All that is held is due now. */
  releaseAll(): void {
    this.#faults.releaseAll();
  }
}
