import { BurstLoss } from './burst-loss.js';
import { Chance } from './chance.js';
import type { HoldStore } from './hold-store.js';
import { Jitter } from './jitter.js';
import type { Random } from './random.js';
import { RateLimit } from './rate-limit.js';
import { type FaultSettings, PER_100_000, PER_MILLE } from './settings.js';
import { TimerWheel } from './timer-wheel.js';

/** Numbers of the streams of random numbers. What a hit does is drawn from streams apart, one for each packet. */
export const Stream = {
  drop: 0,
  burstLoss: 1,
  corrupt: 2,
  bitflip: 3,
  grow: 4,
  shrink: 5,
  duplicate: 6,
  reorder: 7,
  jitter: 8,
} as const;
/** Added to a stream's number for what its hits do. */
const DETAILS = 32;

/** A queue of an interface, which faults are injected into. */
export interface FaultSocket {
  readonly port: number;
  readonly queue: number;
  /** Where its counters begin: `FAULT_COUNTERS.length` slots. */
  readonly row: number;
  /** How many queues the interface's packets come in by: each has its part of the rate. Default 1. */
  readonly queues?: number;
}

/**
 * What happens to the packets of one queue, in their order. Each fault has a stream of random numbers of its own, told by seed,
 * port, queue and fault, and tries every packet, those too that another fault has dropped: so one fault, switched on or
 * off, moves none of the others.
 */
export class FaultStream {
  readonly port: number;
  readonly queue: number;
  readonly row: number;
  /** Its place among the worker's queues. */
  readonly number: number;
  /** Port and queue as one number. */
  readonly place: number;
  readonly drop: Chance = new Chance();
  readonly burstLoss: BurstLoss = new BurstLoss();
  readonly corrupt: Chance = new Chance();
  readonly bitflip: Chance = new Chance();
  readonly grow: Chance = new Chance();
  readonly shrink: Chance = new Chance();
  readonly duplicate: Chance = new Chance();
  readonly reorder: Chance = new Chance();
  readonly jitter: Jitter = new Jitter();
  readonly rate: RateLimit = new RateLimit();
  readonly wheel: TimerWheel;
  /** Packets tried since the seed was set. */
  packets = 0;
  /** The packet that last overtook others. */
  overtook = -1;
  /** Frames in the wheel. */
  held = 0;
  /** Whether anything can happen to a packet, to its bytes, or to the time it leaves at. */
  isActive = false;
  damages = false;
  holds = false;
  settings: FaultSettings | undefined;
  readonly #queues: number;

  constructor(socket: FaultSocket, number: number, store: HoldStore) {
    this.number = number;
    this.port = socket.port;
    this.queue = socket.queue;
    this.row = socket.row;
    this.place = (socket.port << 16) | socket.queue;
    this.#queues = socket.queues ?? 1;
    this.wheel = new TimerWheel(store);
  }

  /** Settings that stay as they were move nothing. A new seed, or another number of restarts, begins all streams anew. */
  update(settings: FaultSettings): void {
    const before = this.settings;
    this.settings = settings;
    const s = settings;
    this.drop.set(s.dropProbability, PER_MILLE);
    this.burstLoss.set(s.gilbertP, s.gilbertR, s.gilbertLossGood, s.gilbertLossBad);
    this.corrupt.set(s.corruptAmount > 0 ? s.corruptProbability : 0, PER_MILLE);
    this.bitflip.set(s.bitflipProbability, PER_100_000);
    this.grow.set(s.growAmount > 0 ? s.growProbability : 0, PER_MILLE);
    this.shrink.set(s.shrinkAmount > 0 ? s.shrinkProbability : 0, PER_MILLE);
    this.duplicate.set(s.duplicateProbability, PER_100_000);
    this.reorder.set(s.reorderProbability, PER_100_000);
    this.jitter.set(s.delay / 1000, s.jitter / 1000, s.delayCorrelation, s.distribution);
    this.rate.set(s.rate / this.#queues, s.burst);
    if (s.seed !== before?.seed || s.restarts !== before.restarts) this.#seed(s.seed);
    this.damages = [this.corrupt, this.bitflip, this.grow, this.shrink].some(({ isPossible }) => isPossible);
    this.holds = this.jitter.isPossible || this.rate.isPossible;
    const loses = this.drop.isPossible || this.burstLoss.isPossible;
    this.isActive = s.enabled === 1 && (loses || this.damages || this.holds || this.duplicate.isPossible);
  }

  /** Has a generator give what one fault does to one packet: the same, whatever happens to any other. */
  details(random: Random, stream: number, packet: number): void {
    const high = Math.floor(packet / 2 ** 32);
    random.seed(this.settings!.seed, this.place, stream + DETAILS + (high << 8), packet);
  }

  #seed(seed: number): void {
    const { place } = this;
    this.drop.seed(seed, place, Stream.drop, 0);
    this.burstLoss.seed(seed, place, Stream.burstLoss, 0);
    this.corrupt.seed(seed, place, Stream.corrupt, 0);
    this.bitflip.seed(seed, place, Stream.bitflip, 0);
    this.grow.seed(seed, place, Stream.grow, 0);
    this.shrink.seed(seed, place, Stream.shrink, 0);
    this.duplicate.seed(seed, place, Stream.duplicate, 0);
    this.reorder.seed(seed, place, Stream.reorder, 0);
    this.jitter.seed(seed, place, Stream.jitter, 0);
    this.rate.restart();
    this.packets = 0;
    this.overtook = -1;
  }
}
