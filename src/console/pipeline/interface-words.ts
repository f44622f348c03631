import { onOff, wholeNumber } from '../interpreter/operand.js';
import { quoted, Refusal } from '../interpreter/refusal.js';
import { defineWord, type Word } from '../interpreter/word.js';
import { etherTypeName } from './ether-type-name.js';
import { interfaceLines } from './interface-lines.js';
import { describeMac, macLine, type VendorLookup } from './mac-line.js';
import type { MacReport, PipelineControl } from './pipeline-control.js';
import { portOf } from './port-operand.js';
import { row } from './rows.js';

/** Statistics of the interfaces. @param now milliseconds since the epoch */
export function interfaceWords(control: PipelineControl, vendorOf: VendorLookup, now: () => number): Word[] {
  const port = portOf(control);
  return [
    defineWord({
      name: 'if.stats',
      stack: '( - )',
      help: 'show summary statistics of all interfaces',
      operands: [],
      run: (machine) => {
        const { ports, dropProbability } = control.faults.status();
        const interfaces = control.interfaces().map((link, index) => {
          const { enabled, bitflipProbability, duplicateProbability, counts } = ports[index]!;
          const { dropped, bitflipped, duplicated } = counts;
          const probabilities = { dropProbability, bitflipProbability, duplicateProbability };
          return { index, ...link, faults: { enabled, ...probabilities, dropped, bitflipped, duplicated } };
        });
        machine.print({ interfaces }, interfaces.flatMap(interfaceLines));
      },
    }),
    defineWord({
      name: 'if.statistics',
      stack: '( switch - )',
      help: 'count source MACs and Ethertypes: on or off',
      operands: [onOff],
      run: (_, on) => control.setStatistics(on),
    }),
    defineWord({
      name: 'if.qstats',
      stack: '( queue interface - )',
      help: 'show detailed queue/interface statistics',
      operands: [wholeNumber(0, 65_535), port],
      run: (machine, queue, index) => {
        const report = control.queue(index, queue);
        const { name, queues } = control.interfaces()[index]!;
        if (report === undefined)
          throw new Refusal(`queue ${quoted(String(queue))} is not a queue: ${name} has ${queues}`);
        const counts = Object.entries(report.counts).map(([label, count]) => row(label, count));
        const title = `${index} ${name} queue:${queue} worker:${report.worker}`;
        machine.print({ index, name, queue, ...report }, [title, ...counts]);
      },
    }),
    defineWord({
      name: 'if.etype.show',
      stack: '( i - )',
      help: 'show rx Ethertype and VLAN statistics for interface',
      operands: [port],
      run: (machine, index) => {
        const sorted = [...control.etherTypes(index)].sort((a, b) => a.level - b.level || a.etherType - b.etherType);
        const etherTypes = sorted.map((report) => ({
          ...report,
          lastSource: describeMac(report.lastSource, vendorOf),
        }));
        const cells = etherTypes.map(({ etherType, level, packets, bytes, lastSource }) => [
          `0x${etherType.toString(16).padStart(4, '0')} ${etherTypeName(etherType)}`.trimEnd(),
          `vlan:${level}`,
          `${packets} packets`,
          `${bytes} bytes`,
          `last ${macLine(lastSource)}`,
        ]);
        machine.print({ index, etherTypes }, aligned(cells));
      },
    }),
    defineWord({
      name: 'if.mac.show',
      stack: '( i - )',
      help: 'show rx mac statistics for interface',
      operands: [port],
      run: (machine, index) => {
        const { entries, overflow } = control.macs(index);
        const sorted = [...entries].sort((a, b) => (a.mac < b.mac ? -1 : 1));
        const macs = sorted.map((entry) => ({ ...describeMac(entry.mac, vendorOf), ...entry }));
        const cells = macs.map((entry) => [macLine(entry), ...countCells(entry, now())]);
        const more = overflow > 0 ? [`${overflow} packets of addresses that found no room here`] : [];
        machine.print({ index, macs, overflow }, [...aligned(cells), ...more]);
      },
    }),
  ];
}

function countCells({ packets, bytes, lastSeen }: MacReport, now: number): string[] {
  return [`${packets} packets`, `${bytes} bytes`, `${Math.max(0, (now - lastSeen) / 1000).toFixed(1)} s ago`];
}

/** Columns; what begins with a digit and goes on with a unit stands at the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const cells of rows) for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((cells) =>
    cells
      .map((cell, i) =>
        /^[\d.]+ (packets|bytes|s ago)$/.test(cell) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!),
      )
      .join('  ')
      .trimEnd(),
  );
}
