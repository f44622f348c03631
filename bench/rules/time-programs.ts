import { Assembler, link, R0, XdpAction } from 'xdpkit/ebpf';
import { TestRun, XdpProgram } from 'xdpkit/kernel';
import { median } from '../pairs.js';

export interface TimingSettings {
  readonly pairs: number;
  /** Of each program, in each pair. */
  readonly runs: number;
}

/** Nanoseconds a packet, net of an empty program; those of one pair, or medians of all. */
export interface Time {
  readonly wall: number;
  /** The processor's, without what the process has waited for it. */
  readonly cpu: number;
}

/** Two programs on one packet. */
export interface Comparison {
  readonly ours: Time;
  readonly theirs: Time;
  /** By wall clock, ours less theirs: the least, the median, and the most of the pairs. */
  readonly differences: readonly [least: number, median: number, most: number];
  /** Pairs left out, as something else was running. */
  readonly disturbed: number;
}

export interface Timing {
  /** In the order of the programs. */
  readonly times: readonly Time[];
  /** By wall clock, the first program less the last: of each pair. */
  readonly differences: readonly number[];
  /** Pairs left out, as something else was running. */
  readonly disturbed: number;
}

/** A call that repeats a program waits some 25 ms for the kernel, and a bit longer for the processor. */
const WAIT_MS = 50;
const WAIT_SHARE = 0.05;

/** Times programs on one packet: in each pair the empty program, and then each of them; once onwards, and once backwards. */
export function timePrograms(settings: TimingSettings, programs: readonly TestRun[], packet: Uint8Array): Timing {
  using nothing = new XdpProgram({ name: 'empty', instructions: EMPTY });
  const empty = new TestRun(nothing);
  const all: Round[] = [];
  const kept: Round[] = [];
  // A pair that something disturbed is measured again, up to as often as was asked for.
  for (let tries = 0; kept.length < settings.pairs && tries < settings.pairs * 2; tries++) {
    const round = measureRound(settings.runs, empty, tries % 2 === 0 ? programs : programs.toReversed(), packet);
    if (tries % 2 === 1) round.times.reverse();
    all.push(round);
    if (!round.disturbed) kept.push(round);
  }
  const used = kept.length > 0 ? kept : all;
  const medianOf = (i: number, clock: keyof Time) => median(used.map(({ times }) => times[i]![clock]));
  return {
    times: programs.map((_, i) => ({ wall: medianOf(i, 'wall'), cpu: medianOf(i, 'cpu') })),
    differences: used.map(({ times }) => times[0]!.wall - times.at(-1)!.wall),
    disturbed: all.length - kept.length,
  };
}

/** Times our program and theirs on one packet, as {@link timePrograms} does. */
export function comparePrograms(
  settings: TimingSettings,
  ourProgram: TestRun,
  theirProgram: TestRun,
  packet: Uint8Array,
): Comparison {
  const { times, differences, disturbed } = timePrograms(settings, [ourProgram, theirProgram], packet);
  const [ours, theirs] = times as [Time, Time];
  const spread = [Math.min(...differences), median(differences), Math.max(...differences)] as const;
  return { ours, theirs, differences: spread, disturbed };
}

const EMPTY = link(new Assembler().mov(R0, XdpAction.pass).exit().assemble());

interface Round {
  readonly times: Time[];
  readonly disturbed: boolean;
}

function measureRound(runs: number, empty: TestRun, programs: readonly TestRun[], packet: Uint8Array): Round {
  const none = measureRuns(runs, empty, packet);
  const some = programs.map((program) => measureRuns(runs, program, packet));
  const isDisturbed = ({ wall, cpu }: Time) => (wall - cpu) * runs > WAIT_MS * 1e6 + WAIT_SHARE * wall * runs;
  return {
    times: some.map(({ wall, cpu }) => ({ wall: wall - none.wall, cpu: cpu - none.cpu })),
    disturbed: [none, ...some].some(isDisturbed),
  };
}

function measureRuns(runs: number, program: TestRun, packet: Uint8Array): Time {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  program.run(packet, { repeat: runs });
  const wall = Number(process.hrtime.bigint() - start);
  const { user, system } = process.cpuUsage(cpu);
  return { wall: wall / runs, cpu: ((user + system) * 1000) / runs };
}
