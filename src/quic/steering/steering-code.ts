import { type Assembler, Helper, R0, R1, R2, R3, R10, type Register } from '../../ebpf/index.js';
import { UdpPlace } from '../../rules/index.js';
import type { SteeringPlan } from './options.js';
import { Statistic } from './statistics.js';

/** What registers hold. The last two are free once a packet's flow, or backend, is known. */
export const FRAME: Register = UdpPlace.frame;
export const END: Register = UdpPlace.end;
export const NETWORK: Register = UdpPlace.network;
export const UDP: Register = UdpPlace.udp;
/** In the end: the backend's value in `quic_backends`. */
export const BACKEND: Register = UdpPlace.network;

/** Offsets from R10, below what the parser keeps. */
export const Stack = {
  /** The address of this CPU's statistics. */
  statistics: -48,
  /** u32 each. */
  slot: -52,
  server: -56,
  /** {@link CounterKey}, 24 bytes. */
  idKey: -80,
  /** u32 0, the key of what has one element. */
  zero: -84,
  /** u32: 1 for a client's Initial. */
  isInitial: -88,
  /** u32: 1 where the client has made the ID up, and it is not to be decoded. */
  mustHash: -92,
  /** {@link FlowKey}, 36 bytes. */
  flowKey: -136,
  /** {@link FlowValue}, 16 bytes. */
  flowValue: -152,
  /** u64 1, the first value of a counter. */
  one: -160,
} as const;

/** How much of the allowed rate may come at once: nanoseconds' worth, but so many at least. */
const BURST_TIME = 125_000_000;
const LEAST_BURST = 16;

/** Nanoseconds that an entry costs, and that may be run ahead. */
export function insertCost({ insertsPerSecond }: SteeringPlan): { cost: number; burst: number } {
  const cost = Math.floor(1_000_000_000 / insertsPerSecond);
  return { cost, burst: Math.max(BURST_TIME, LEAST_BURST * cost) };
}

/** The program being written: what its parts have in common. */
export class SteeringCode {
  readonly a: Assembler;
  readonly plan: SteeringPlan;
  readonly #later: (() => void)[] = [];

  constructor(a: Assembler, plan: SteeringPlan) {
    this.a = a;
    this.plan = plan;
  }

  /** Looks up a key on the stack: R0 is the value's address or null. */
  lookUp(map: string, key: number): this {
    this.a.mov(R2, R10).alu('+', R2, key).map(R1, map).call(Helper.mapLookupElem);
    return this;
  }

  /** Adds 1 to a statistic; R1 and R2 are lost. It is this CPU's alone, which no other softirq interrupts. */
  count(statistic: Exclude<keyof typeof Statistic, 'size'>): this {
    const offset = Statistic[statistic];
    this.a.load('u64', R1, R10, Stack.statistics);
    this.a.load('u64', R2, R1, offset).alu('+', R2, 1).store('u64', R1, offset, R2);
    return this;
  }

  /** Ends the program. */
  verdict(action: number): this {
    this.a.mov32(R0, action).exit();
    return this;
  }

  /**
   * Takes one of the entries that are allowed in a second, or goes to `none`. R0 is the time; R1 to R5 are lost. It is a
   * token bucket as one number, as docs/rules.md has it; the coarse clock (Linux 5.11) is a tick late at most.
   */
  takeEntry(time: 'flowTime' | 'counterTime', none: string): this {
    const { a } = this;
    const { cost, burst } = insertCost(this.plan);
    const ahead = a.fresh('ahead');
    a.call(Helper.ktimeGetCoarseNs).load('u64', R1, R10, Stack.statistics).load('u64', R2, R1, Statistic[time]);
    a.jump('>=', R2, R0, ahead).mov(R2, R0).label(ahead).alu('+', R2, cost);
    a.load64(R3, burst).alu('+', R3, R0).jump('>', R2, R3, none).store('u64', R1, Statistic[time], R2);
    return this;
  }

  /** Puts what most packets don't come to behind the rest. */
  later(write: () => void): void {
    this.#later.push(write);
  }

  writeLater(): void {
    for (const write of this.#later.splice(0)) write();
  }
}
