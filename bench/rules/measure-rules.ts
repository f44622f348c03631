import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { XdpAction } from 'xdpkit/ebpf';
import { readRules } from 'xdpkit/rules';
import { describedFrame } from 'xdpkit/wire';
import { compareFilters } from './compare.js';
import { FILTERS, type Filter } from './filters.js';
import { mixedFrames } from './frames.js';
import { loadC, loadRules } from './load-filter.js';
import { type Comparison, comparePrograms, type Time, type TimingSettings, timePrograms } from './time-programs.js';

/** Rule files, and the same filters in C. */
const DIRECTORY = new URL('../../../bench/c-rules/', import.meta.url);
const SEED = 1;
const PORT_SETS = [1, 1000, 60_000];

interface RulesTime extends Comparison {
  readonly filter: string;
  readonly packet: string;
  readonly verdict: string;
}

export interface RulesResult {
  /** Frames on which both agreed before, in verdicts and counters. */
  readonly compared: number;
  readonly times: readonly RulesTime[];
  readonly portSets: readonly PortSetTime[];
}

/** One rule that drops what goes to one of so many ports. */
interface PortSetTime {
  readonly ports: number;
  readonly hit: Time;
  readonly miss: Time;
}

export interface RulesSettings extends TimingSettings {
  /** How many are compared before. */
  readonly frames: number;
}

/** Compiled rules beside the same filters in C, in BPF_PROG_TEST_RUN. Needs make, clang-14 and libbpf-dev. */
export function measureRules(settings: RulesSettings, note: (text: string) => void): RulesResult {
  execFileSync('make', ['-s', '-C', fileURLToPath(DIRECTORY)], { stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    compared: settings.frames,
    times: FILTERS.flatMap((filter) => measureFilter(settings, filter, note)),
    portSets: PORT_SETS.map((ports) => measurePortSet(settings, ports)),
  };
}

function measureFilter(settings: RulesSettings, filter: Filter, note: (text: string) => void): RulesTime[] {
  const { name, tables, packets } = filter;
  const file = new URL(`${name}.yaml`, DIRECTORY);
  const ruleSet = readRules(readFileSync(file, 'utf8'), { file: fileURLToPath(file) });
  using ours = loadRules(ruleSet);
  using theirs = loadC(fileURLToPath(new URL(`build/${name}.o`, DIRECTORY)), ruleSet, tables);
  const counted = compareFilters(name, ruleSet.rules.length, [ours, theirs], mixedFrames(settings.frames, SEED));
  const counting = counted.filter((packets) => packets > 0).length;
  note(`${name}: alike on ${settings.frames} frames, by which ${counting} of ${counted.length} rules were matched`);
  return packets.map(({ name: packet, text }) => {
    const frame = describedFrame(text);
    const verdict = verdictName(ours.run.run(frame).action);
    const compared = comparePrograms(settings, ours.run, theirs.run, frame);
    note(`${name}, ${packet}: ${compared.ours.wall.toFixed(1)} ns, in C ${compared.theirs.wall.toFixed(1)}`);
    return { filter: name, packet, verdict, ...compared };
  });
}

function measurePortSet(settings: RulesSettings, ports: number): PortSetTime {
  // Scattered, and each another one: the factor and the number of ports have no factor in common.
  const nth = (i: number) => (1000 + i * 7919) % 65_536;
  const match = { type: 'udp-port-set', ports: Array.from({ length: ports }, (_, i) => nth(i)) } as const;
  using rules = loadRules({ rules: [{ match, action: 'drop' }] });
  const time = (port: number) =>
    timePrograms(settings, [rules.run], describedFrame(`udp 20.10.3.4:40000 > 198.51.100.7:${port}`)).times[0]!;
  return { ports, hit: time(nth(ports - 1)), miss: time(nth(ports)) };
}

function verdictName(action: number): string {
  return Object.entries(XdpAction).find(([, number]) => number === action)![0];
}
