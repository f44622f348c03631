import { MacClasses, type MacSet } from '../control/index.js';
import type { Batch, Umem } from '../xsk/index.js';
import { DamageStage } from './damage-stage.js';
import { FaultSlot } from './fault-counters.js';
import { FaultLogWriter } from './fault-log-writer.js';
import { TICKS } from './fault-marks.js';
import { type FaultSocket, FaultStream } from './fault-stream.js';
import { HoldStage } from './hold-stage.js';
import { HoldStore, type LeftFrame } from './hold-store.js';
import { LossStage } from './loss-stage.js';
import { release } from './release.js';
import { Selection } from './selection.js';
import type { FaultControl } from './settings.js';
import type { FaultDrops, StageParts } from './stage-parts.js';

export interface FaultInjectorOptions {
  readonly umem: Umem;
  /** The settings: of FAULT_SETTINGS, with as many interfaces as the highest port asks for. */
  readonly control: FaultControl;
  /** Faults are tried on packets from and to one of these; an empty set has all addresses. */
  readonly sources: MacSet;
  readonly destinations: MacSet;
  /** Of both sets, if others have classified the packets already. Default: its own. */
  readonly classes?: MacClasses;
  /** The queues of this worker. The methods below know them by their place here. */
  readonly sockets: readonly FaultSocket[];
  readonly counters: Float64Array;
  readonly drops: FaultDrops;
  /**
   * Of {@link FaultInjector.holdMemory}: descriptors of the frames that may be held at once. They are out of circulation meanwhile, so
   * the UMEM should have them in addition.
   */
  readonly holdMemory: SharedArrayBuffer;
  /** Milliseconds that only go on, such as performance.now(). Asked once a batch, and only when something is held. */
  readonly clock: () => number;
  /** Memory of faultLogRing, to log to. */
  readonly log?: SharedArrayBuffer | undefined;
}

/**
 * Injects faults into the packets of a worker: drop, burst loss, corruption, a flipped bit, growth, shrinking, duplication, and at
 * last delay, reordering and a limited rate, in this order. What happens to a packet is told by the seed, the queue it came in
 * by, and its number there; times aside, the same seed and the same packets give the same bytes.
 *
 * Runs on the worker's thread and allocates nothing, but when settings change.
 */
export class FaultInjector {
  readonly #parts: StageParts;
  readonly #control: FaultControl;
  readonly #streams: readonly FaultStream[];
  readonly #losses: LossStage;
  readonly #damages: DamageStage;
  readonly #holds: HoldStage;
  #generation: number | undefined;

  constructor(options: FaultInjectorOptions) {
    const { umem, counters, drops, clock, holdMemory, log, sources, destinations } = options;
    const classes = options.classes ?? new MacClasses([sources, destinations], umem.arena);
    this.#parts = {
      umem,
      store: new HoldStore(holdMemory, !umem.plain),
      selection: new Selection(umem, classes, sources, destinations),
      counters,
      drops,
      clock,
      log: log === undefined ? undefined : new FaultLogWriter(log),
    };
    this.#control = options.control;
    this.#streams = options.sockets.map((socket, number) => new FaultStream(socket, number, this.#parts.store));
    for (const { row } of this.#streams) counters[row + FaultSlot.held] = 0;
    this.#losses = new LossStage(this.#parts);
    this.#damages = new DamageStage(this.#parts);
    this.#holds = new HoldStage(this.#parts);
    this.#refresh();
  }

  /** @param frames that may be held at once: 0 or more */
  static holdMemory(frames: number): SharedArrayBuffer {
    return HoldStore.memoryFor(frames);
  }

  /**
   * Frames that another thread held in this memory when it died; they are the caller's. Perhaps it had some of them in its
   * batch as well.
   */
  get left(): readonly LeftFrame[] {
    return this.#parts.store.left;
  }

  /** Whether faults may befall what comes in by a socket now: then its packets have to go through {@link apply}. */
  isActive(socket: number): boolean {
    if (this.#control.hasChanged(this.#generation)) this.#refresh();
    return this.#streams[socket]!.isActive;
  }

  /**
   * Does to a socket's packets what is to befall them. Those with a negative egress are left alone. A packet that is dropped gets
   * an egress of `drops`; one that is held is taken out of the batch, whose count may be 0 then, and comes back by {@link due}.
   */
  apply(socket: number, batch: Batch): void {
    if (!this.isActive(socket)) return;
    const stream = this.#streams[socket]!;
    const { selection, counters, log } = this.#parts;
    const count = selection.choose(batch);
    if (count === 0) return;
    counters[stream.row + FaultSlot.qualified]! += count;
    this.#losses.apply(stream, batch, count);
    if (stream.damages) this.#damages.apply(stream, batch, count);
    this.#holds.apply(stream, batch, count);
    stream.packets += count;
    log?.publish();
  }

  /** Frames that are held. */
  get held(): number {
    return this.#parts.store.used;
  }

  /**
   * Fills a batch with packets of a socket whose time has come, and sets its ingress and queue. Ask until there are none.
   *
   * @param batch has room for the largest packet
   * @returns how many frames; they are the caller's
   */
  due(socket: number, batch: Batch): number {
    const stream = this.#streams[socket]!;
    if (stream.held === 0) return 0;
    const { store, umem, counters, clock } = this.#parts;
    stream.wheel.advance(Math.floor(clock() * TICKS));
    const count = release(stream, batch, store, umem);
    counters[stream.row + FaultSlot.held] = stream.held;
    return count;
  }

  /** When {@link due} should be asked again at the latest, on the clock; Infinity when nothing is held. */
  get nextDue(): number {
    if (this.held === 0) return Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#streams.length; i++) next = Math.min(next, this.#streams[i]!.wheel.next());
    return next / TICKS;
  }

  /** At the end: what is held is due now, and nothing can be held any more. */
  releaseAll(): void {
    for (const { wheel } of this.#streams) wheel.advanceToEnd();
  }

  /** Acts on changed settings; while a change is under way, later. */
  #refresh(): void {
    const { generation } = this.#control;
    const settings = this.#streams.map(({ port }) => this.#control.read(port));
    if (settings.includes(undefined) || this.#control.generation !== generation) return;
    for (const [i, stream] of this.#streams.entries()) stream.update(settings[i]!);
    this.#generation = generation;
  }
}
