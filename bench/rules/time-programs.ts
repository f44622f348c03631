import { Assembler, link, R0, XdpAction } from 'xdpkit/ebpf';
import { TestRun, XdpProgram } from 'xdpkit/kernel';
import { median } from '../pairs.js';

export interface TimingSettings {
  readonly pairs: number;
  /** Of each program, in each pair. */
  readonly runs: number;
}

/** Nanoseconds a packet, net of an empty program. */
export interface Timing {
  /** Medians over the pairs, in the order of the programs. */
  readonly times: readonly number[];
  /** Of each pair, the first less the last. */
  readonly differences: readonly number[];
}

/**
 * Times programs on one packet, by wall clock: in each round the empty program, and then each of them, once onwards and
 * once backwards.
 */
export function timePrograms(settings: TimingSettings, programs: readonly TestRun[], packet: Uint8Array): Timing {
  using empty = emptyProgram();
  const base = new TestRun(empty);
  const rounds = Array.from({ length: settings.pairs }, (_, round) => {
    const none = nanoseconds(base, packet, settings.runs);
    const order = programs.map((_, i) => i);
    const times: number[] = [];
    for (const i of round % 2 === 0 ? order : order.reverse()) {
      times[i] = nanoseconds(programs[i]!, packet, settings.runs) - none;
    }
    return times;
  });
  return {
    times: programs.map((_, i) => median(rounds.map((times) => times[i]!))),
    differences: rounds.map((times) => times[0]! - times.at(-1)!),
  };
}

function emptyProgram(): XdpProgram {
  return new XdpProgram({ name: 'empty', instructions: link(new Assembler().mov(R0, XdpAction.pass).exit().assemble()) });
}

function nanoseconds(program: TestRun, packet: Uint8Array, runs: number): number {
  const start = process.hrtime.bigint();
  program.run(packet, { repeat: runs });
  return Number(process.hrtime.bigint() - start) / runs;
}
