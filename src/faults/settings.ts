import type { ControlBlock, Setting, Settings } from '../control/index.js';
import { DISTRIBUTIONS } from './distributions.js';

/** What a probability of 1 is, for the faults of IXDP and for the others. */
export const PER_MILLE = 1000;
export const PER_100_000 = 100_000;

export type GlobalFaultSetting =
  | 'seed'
  | 'restarts'
  | 'dropProbability'
  | 'corruptProbability'
  | 'corruptAmount'
  | 'growProbability'
  | 'growAmount'
  | 'shrinkProbability'
  | 'shrinkAmount'
  | 'mendChecksums';

export type PortFaultSetting =
  | 'enabled'
  | 'gilbertP'
  | 'gilbertR'
  | 'gilbertLossBad'
  | 'gilbertLossGood'
  | 'bitflipProbability'
  | 'duplicateProbability'
  | 'delay'
  | 'jitter'
  | 'delayCorrelation'
  | 'distribution'
  | 'reorderProbability'
  | 'reorderGap'
  | 'rate'
  | 'burst';

export type FaultSchema = Readonly<Record<GlobalFaultSetting | PortFaultSetting, Setting>>;
export type FaultSettings = Settings<FaultSchema>;
export type FaultControl = ControlBlock<FaultSchema>;

const number = (word: string, max: number, help: string): Setting => {
  return { scope: 'global', word, unit: '', min: 0, max, initial: 0, help };
};
const perMille = (word: string, help: string): Setting => {
  return { scope: 'global', word, unit: '1/1000', min: 0, max: PER_MILLE, initial: 0, help };
};
const amount = (word: string, help: string): Setting => {
  return { scope: 'global', word, unit: 'bytes', min: 0, max: 0xffff, initial: 1, help };
};
const own = (word: string, unit: string, max: number, help: string, initial = 0): Setting => {
  return { scope: 'interface', word, unit, min: 0, max, initial, help };
};
const chance = (word: string, help: string, initial = 0): Setting => own(word, '1/100000', PER_100_000, help, initial);
const choice = (setting: Setting, ...choices: string[]): Setting => {
  return { ...setting, max: choices.length - 1, choices };
};

/** Microseconds of the longest delay. */
const MINUTE = 60_000_000;

/**
 * Every setting of the faults: the one place that the control block, the range checks, the console and the manual
 * (docs/faults.md) take them from.
 */
export const FAULT_SETTINGS: FaultSchema = {
  seed: number('fault.seed', 0xffff_ffff, 'chooses what is random: the same seed gives the same faults'),
  restarts: number('fault.restart', 0xffff_ffff, 'begins the sequence of faults anew whenever it changes'),
  dropProbability: perMille('fault.drop.probability', 'drops the packet'),
  corruptProbability: perMille('fault.corrupt.probability', 'inverts bytes behind the first EtherType'),
  corruptAmount: amount('fault.corrupt.amount', 'how many bytes are inverted, at different places'),
  growProbability: perMille('fault.grow.probability', 'appends random bytes'),
  growAmount: amount('fault.grow.amount', 'how many bytes are appended'),
  shrinkProbability: perMille('fault.shrink.probability', 'cuts off the end'),
  shrinkAmount: amount('fault.shrink.amount', 'how many bytes are cut off'),
  mendChecksums: choice(number('fault.checksum.mend', 1, 'makes the checksums of damaged packets right'), 'off', 'on'),
  enabled: choice(own('fault.enable', '', 1, 'injects faults into what the interface receives'), 'off', 'on'),
  gilbertP: chance('fault.loss.gilbert', 'burst loss: from the good state to the bad one, by packet'),
  gilbertR: chance('fault.loss.gilbert', 'burst loss: from the bad state to the good one', PER_100_000),
  gilbertLossBad: chance('fault.loss.gilbert', 'burst loss: loss in the bad state', PER_100_000),
  gilbertLossGood: chance('fault.loss.gilbert', 'burst loss: loss in the good state'),
  bitflipProbability: chance('fault.bitflip.probability', 'flips a bit behind byte 14'),
  duplicateProbability: chance('fault.dup.probability', 'sends the packet twice'),
  delay: own('fault.delay', 'us', MINUTE, 'delays the packet'),
  jitter: own('fault.jitter', 'us', MINUTE, 'how far delays differ: half the width if uniform, else the deviation'),
  delayCorrelation: chance('fault.delay.correlation', 'how much a delay is like the one before'),
  distribution: choice(own('fault.distribution', '', 0, 'how delays are spread'), ...DISTRIBUTIONS),
  reorderProbability: chance('fault.reorder.probability', 'sends the packet at once while others are delayed'),
  reorderGap: own('fault.reorder.gap', 'packets', 1_000_000, 'only every so many packets overtake; 0 and 1: any'),
  rate: own('fault.rate', 'bit/s', 1e12, 'spaces packets to a rate; 0: none'),
  burst: own('fault.rate.burst', 'bytes', 1e9, 'what may go at once after idle time'),
};
