import { styleText } from 'node:util';
import type { BridgeSample, PortSample, SocketCounter } from '../pipeline/index.js';

/** How reasons for a loss are told to people; the first ones are ours, the others the kernel's. */
const LOSSES: Readonly<Partial<Record<SocketCounter, string>>> = {
  callback: 'dropped by the callback',
  unknownPort: 'sent to an unknown port',
  callbackError: 'the callback threw',
  txRingFull: 'TX ring full',
  tooManyFragments: 'too many fragments to send',
  workerDied: 'in the hands of a worker that died',
  dropSet: 'dropped by the drop set',
  faultDrop: 'dropped by faults',
  faultBurstLoss: 'lost in bursts by faults',
  holdOverflow: 'no room to hold them back',
  kernelRxRingFull: 'RX ring full (kernel)',
  // Includes packets that found the fill ring empty; that counter counts tries, not packets.
  kernelRxDropped: 'no frame to receive into, or too long for one (kernel)',
  kernelInvalidDescriptors: 'descriptor refused (kernel)',
};
const LOSS_NAMES = Object.keys(LOSSES) as SocketCounter[];

interface Column {
  readonly title: string;
  readonly cell: (port: PortSample, rates: Rates) => string;
}

interface Rates {
  rate(counter: SocketCounter): number;
}

const COLUMNS: readonly Column[] = [
  { title: 'interface', cell: (port) => port.interface },
  { title: 'link', cell: (port) => port.state },
  { title: 'XDP', cell: manner },
  { title: 'queues', cell: (port) => String(port.queues.length) },
  { title: 'RX packet/s', cell: (_, { rate }) => whole(rate('rxPackets')) },
  { title: 'RX Mbit/s', cell: (_, { rate }) => megabits(rate('rxBytes')) },
  { title: 'TX packet/s', cell: (_, { rate }) => whole(rate('txPackets')) },
  { title: 'TX Mbit/s', cell: (_, { rate }) => megabits(rate('txBytes')) },
  { title: 'RX total', cell: ({ total }) => whole(total.rxPackets) },
  { title: 'lost', cell: ({ total }) => whole(lossesOf(total)) },
];

/**
 * The state of a bridge as lines of text. Rates are those since `before`.
 *
 * @param before an earlier sample of the same bridge
 */
export function bridgeTable(now: BridgeSample, before: BridgeSample): string[] {
  const seconds = Math.max((now.time - before.time) / 1000, 0.001);
  const rows = now.ports.map((port, i) => {
    const rate = (counter: SocketCounter) =>
      Math.max(0, (port.total[counter] - (before.ports[i]?.total[counter] ?? 0)) / seconds);
    return COLUMNS.map(({ cell }) => cell(port, { rate }));
  });
  const titles = COLUMNS.map(({ title }) => title);
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return [styleText('bold', line(titles)), ...rows.map(line), '', framesLine(now), lossesLine(now)];
}

function manner({ mode, zeroCopy, multiBuffer, busyPoll }: PortSample): string {
  const words = [mode, zeroCopy ? 'zero-copy' : 'copy'];
  if (multiBuffer) words.push('multi-buffer');
  if (busyPoll) words.push('busy polling');
  return words.join(', ');
}

function framesLine({ ports, workers }: BridgeSample): string {
  const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);
  const frames = sum(workers.map((worker) => worker.frames));
  const free = sum(workers.map((worker) => worker.freeFrames));
  const waiting = sum(ports.map(({ total }) => total.inFill));
  const leaving = sum(ports.map(({ total }) => total.inTx));
  return `frames  ${whole(frames)}: ${whole(free)} free, ${whole(waiting)} waiting for packets, ${whole(leaving)} on their way out`;
}

function lossesLine({ ports }: BridgeSample): string {
  const parts = LOSS_NAMES.flatMap((name) => {
    const count = ports.reduce((sum, { total }) => sum + total[name], 0);
    return count > 0 ? [`${whole(count)} ${LOSSES[name]}`] : [];
  });
  return parts.length === 0 ? 'lost    none' : styleText('yellow', `lost    ${parts.join(', ')}`);
}

/** Packets that were received and not sent on, or that the kernel had no room for. */
export function lossesOf(counts: PortSample['total']): number {
  return LOSS_NAMES.reduce((sum, name) => sum + counts[name], 0);
}

/** `1,234,567`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function megabits(bytesPerSecond: number): string {
  return ((bytesPerSecond * 8) / 1e6).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
