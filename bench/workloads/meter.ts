/** What a workload prints, the C program as well as ours. */
export interface Measurement {
  readonly packets: number;
  readonly seconds: number;
  readonly pps: number;
  readonly cpuSeconds: number;
  readonly cpuNsPerPacket: number;
}

/** A packet count, and what it took so far. */
export class Meter {
  readonly #packets: number;
  readonly #time: number = performance.now();
  readonly #cpu: NodeJS.CpuUsage = process.cpuUsage();

  constructor(packets: number) {
    this.#packets = packets;
  }

  /** What came since this meter was made. CPU time is that of the whole process, all threads, user and system. */
  read(packets: number): Measurement {
    const seconds = (performance.now() - this.#time) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    const count = packets - this.#packets;
    const cpuSeconds = (user + system) / 1e6;
    return { packets: count, seconds, pps: count / seconds, cpuSeconds, cpuNsPerPacket: (cpuSeconds * 1e9) / count };
  }
}

/** Turns between two looks at the clock. */
const LOOK = 256;

/**
 * Runs turns on this thread: `warmup` seconds uncounted, then `duration` seconds counted.
 *
 * @param turn one round of a workload; returns how many packets it handled
 */
export function measure(turn: () => number, warmup: number, duration: number): Measurement {
  let packets = 0;
  const runFor = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    do for (let i = 0; i < LOOK; i++) packets += turn();
    while (performance.now() < end);
  };
  runFor(warmup);
  const meter = new Meter(packets);
  runFor(duration);
  return meter.read(packets);
}
