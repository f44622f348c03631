import { onOff, wholeNumber } from '../interpreter/operand.js';
import { defineWord, type Word } from '../interpreter/word.js';
import { faultLines } from './fault-lines.js';
import type { VendorLookup } from './mac-line.js';
import { macSetWords } from './mac-set-words.js';
import type { FaultSettings, PipelineControl } from './pipeline-control.js';
import { portOf } from './port-operand.js';
import { PER_THOUSAND } from './rows.js';

/** Faults that IXDP has: set for all interfaces, and switched on for each. */
export function faultWords(control: PipelineControl, vendorOf: VendorLookup): Word[] {
  const { faults } = control;
  const port = portOf(control);
  const set = (end: 'dst' | 'src') => {
    const name = `fault injection ${end.toUpperCase()} machash`;
    return {
      prefix: `fault.hash.${end}`,
      insert: `add specific MAC address to ${name}`,
      reset: `reset ${name} to 0 elements: all packets qualify`,
      show: `show ${name}`,
    };
  };
  const enabling = (verb: 'enable' | 'disable') =>
    defineWord({
      name: `fault.${verb}`,
      stack: '( interface - )',
      help: `${verb} fault injection for interface`,
      operands: [port],
      run: (_, index) => faults.setPort(index, { enabled: verb === 'enable' }),
    });
  return [
    enabling('disable'),
    enabling('enable'),
    ...macSetWords(faults.destinations, set('dst'), vendorOf),
    ...macSetWords(faults.sources, set('src'), vendorOf),
    ...probabilityWords(control, 'drop', 'drop', 'dropProbability'),
    amountWord(control, 'corrupt', '( p - )', 'specify the number of bytes to invert by XOR 0xff', 'corruptAmount'),
    ...probabilityWords(control, 'corrupt', 'packet corruption', 'corruptProbability'),
    amountWord(control, 'grow', '( n - )', 'specify the absolute number of bytes to grow', 'growAmount'),
    ...probabilityWords(control, 'grow', 'packet growth', 'growProbability'),
    amountWord(control, 'shrink', '( n - )', 'specify the absolute number of bytes to be cut off', 'shrinkAmount'),
    ...probabilityWords(control, 'shrink', 'packet shortening', 'shrinkProbability'),
    defineWord({
      name: 'fault.seed',
      stack: '( seed - )',
      help: 'set the seed, 0 to 4294967295: the same seed gives the same faults',
      operands: [wholeNumber(0, 0xffff_ffff)],
      run: (_, seed) => faults.set({ seed }),
    }),
    defineWord({
      name: 'fault.restart',
      stack: '( - )',
      help: 'begin the sequence of faults anew, with the seed that it has',
      operands: [],
      run: () => faults.restart(),
    }),
    defineWord({
      name: 'fault.checksum.mend',
      stack: '( switch - )',
      help: 'put checksums right that a fault broke: on or off',
      operands: [onOff],
      run: (_, mendChecksums) => faults.set({ mendChecksums }),
    }),
    defineWord({
      name: 'fault.status',
      stack: '( - )',
      help: 'show fault injection status and counters',
      operands: [],
      run: (machine) => {
        const sets = { sources: faults.sources.list().length, destinations: faults.destinations.list().length };
        const { ports, ...settings } = faults.status();
        const links = control.interfaces();
        const named = ports.map((each, index) => ({ index, name: links[index]?.name ?? '', ...each }));
        const report = { ...settings, ...sets, interfaces: named };
        machine.print(report, faultLines(report));
      },
    }),
  ];
}

/** Both spellings: the one that IXDP has, and the right one. */
function probabilityWords(control: PipelineControl, fault: string, what: string, setting: keyof FaultSettings): Word[] {
  return ['propability', 'probability'].map((spelling) =>
    defineWord({
      name: `fault.${fault}.${spelling}`,
      stack: '( p - )',
      help: `set the fault injection ${what} probability, in 1/1000`,
      operands: [wholeNumber(0, PER_THOUSAND)],
      run: (_, p) => control.faults.set({ [setting]: p }),
    }),
  );
}

function amountWord(
  control: PipelineControl,
  fault: string,
  stack: string,
  help: string,
  setting: keyof FaultSettings,
): Word {
  return defineWord({
    name: `fault.${fault}.amount`,
    stack,
    help,
    operands: [wholeNumber(0, 0xffff)],
    run: (_, amount) => control.faults.set({ [setting]: amount }),
  });
}
