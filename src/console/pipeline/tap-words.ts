import { defineWord, type Word } from '../interpreter/word.js';
import type { VendorLookup } from './mac-line.js';
import { macSetWords } from './mac-set-words.js';
import type { PipelineControl } from './pipeline-control.js';
import { portOf } from './port-operand.js';
import { row } from './rows.js';

export function tapWords(control: PipelineControl, vendorOf: VendorLookup): Word[] {
  const { tap } = control;
  return [
    ...macSetWords(
      tap.macs,
      {
        prefix: 'tap.hash',
        insert: 'add specific MAC address to TAP',
        reset: 'reset TAP machash to 0 elements: all packets qualify',
        show: 'show TAP machash',
      },
      vendorOf,
    ),
    tapSwitch(control, 'rx', false),
    tapSwitch(control, 'rx', true),
    defineWord({
      name: 'tap.status',
      stack: '( - )',
      help: 'show TAP packet queue status',
      operands: [],
      run: (machine) => {
        const report = tap.status();
        const { queue, waiting, capacity, tapped, collected, lost, abandoned, collectors } = report;
        machine.print(report, [
          queue,
          row('size', `${capacity} bytes`),
          row('waiting', waiting),
          row('tapped', tapped),
          row('collected', collected),
          row('lost', lost),
          row('abandoned', abandoned),
          row('collectors', collectors),
        ]);
      },
    }),
    tapSwitch(control, 'tx', false),
    tapSwitch(control, 'tx', true),
  ];
}

function tapSwitch(control: PipelineControl, direction: 'rx' | 'tx', on: boolean): Word {
  const verb = on ? 'enable' : 'disable';
  return defineWord({
    name: `tap.${direction}.${verb}`,
    stack: '( interface - )',
    help: `${verb} ${direction.toUpperCase()} TAP for interface`,
    operands: [portOf(control)],
    run: (_, port) => control.tap.set(port, direction, on),
  });
}
