import { choice, type Operand, quantity, wholeNumber } from '../interpreter/operand.js';
import { defineWord, type Word } from '../interpreter/word.js';
import { DISTRIBUTIONS, type PipelineControl, type PortFaultSettings } from './pipeline-control.js';
import { portOf } from './port-operand.js';
import { PER_100_000 } from './rows.js';

const MOST_DELAY = 60_000_000;
const MOST_RATE = 1e12;
const MOST_BURST = 1e9;
const chance = wholeNumber(0, PER_100_000);
const time = quantity(
  'a time up to 60 s, such as 500us, 20ms or 1.5s, or in microseconds',
  { us: 1, ms: 1e3, s: 1e6 },
  MOST_DELAY,
);
const rate = quantity(
  'a rate up to 1000gbit, such as 512kbit, 10mbit or 1gbit, or in bits a second',
  { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 },
  MOST_RATE,
);

const bytes = quantity('a number of bytes up to 1G, such as 15k or 1m', { k: 1e3, m: 1e6, g: 1e9 }, MOST_BURST);

/** Faults that are set for each interface: those of xdptap, and what users of tc-netem(8) expect. */
export function portFaultWords(control: PipelineControl): Word[] {
  const { faults } = control;
  const port = portOf(control);
  const setter = <T>(
    name: string,
    operand: string,
    help: string,
    value: Operand<T>,
    change: (value: T) => Partial<PortFaultSettings>,
  ): Word =>
    defineWord({
      name,
      stack: `( ${operand} interface - )`,
      help,
      operands: [value, port],
      run: (_, wanted: T, index: number) => faults.setPort(index, change(wanted)),
    });
  return [
    setter(
      'fault.bitflip.probability',
      'probability',
      'set the probability that a bit behind byte 14 is flipped, in 1/100000',
      chance,
      (bitflipProbability) => ({ bitflipProbability }),
    ),
    setter(
      'fault.dup.probability',
      'probability',
      'set the probability that a packet is sent twice, in 1/100000',
      chance,
      (duplicateProbability) => ({ duplicateProbability }),
    ),
    setter('fault.delay', 'time', 'delay packets: 20ms, 500us, 1.5s, or microseconds', time, (delay) => ({ delay })),
    setter('fault.jitter', 'time', 'let the delay differ by up to so much', time, (jitter) => ({ jitter })),
    setter(
      'fault.delay.correlation',
      'correlation',
      'let each delay be like the one before: how much, in 1/100000',
      chance,
      (delayCorrelation) => ({ delayCorrelation }),
    ),
    setter(
      'fault.distribution',
      'name',
      `set how the delay is distributed: ${DISTRIBUTIONS.join(', ')}`,
      choice(...DISTRIBUTIONS),
      (distribution) => ({ distribution }),
    ),
    setter(
      'fault.reorder.probability',
      'probability',
      'set the probability that a packet is sent at once instead of being delayed, in 1/100000',
      chance,
      (reorderProbability) => ({ reorderProbability }),
    ),
    setter(
      'fault.reorder.gap',
      'n',
      'let only every nth packet overtake others; 0 and 1: any',
      wholeNumber(0, 1_000_000),
      (reorderGap) => ({ reorderGap }),
    ),
    defineWord({
      name: 'fault.loss.gilbert',
      stack: '( p r bad good interface - )',
      help:
        'lose packets in bursts (Gilbert-Elliott): p from good to bad, r from bad to good, the losses in the bad and in ' +
        'the good state, all in 1/100000; 0 0 0 0 ends it',
      operands: [chance, chance, chance, chance, port],
      run: (_, p, r, lossBad, lossGood, index) => faults.setPort(index, { gilbert: { p, r, lossBad, lossGood } }),
    }),
    setter('fault.rate', 'rate', 'limit the rate: 10mbit, 512kbit, or bits a second; 0 ends it', rate, (value) => ({
      rate: value,
    })),
    setter('fault.rate.burst', 'bytes', 'let so many bytes go at once after idle time', bytes, (burst) => ({ burst })),
  ];
}
