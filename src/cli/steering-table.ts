import { styleText } from 'node:util';
import type { BackendSample, SteeringSample } from '../quic/index.js';
import { whole } from './bridge-table.js';

interface Column {
  readonly title: string;
  readonly cell: (backend: BackendSample, rate: (of: (sample: BackendSample) => number) => number) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'backend', cell: ({ id }) => String(id) },
  { title: 'state', cell: ({ state }) => state },
  { title: 'to', cell: ({ act }) => act },
  { title: 'weight', cell: ({ weight }) => String(weight) },
  { title: 'connections', cell: ({ connections }) => (connections === undefined ? '-' : whole(connections)) },
  { title: 'Initial/s', cell: (_, rate) => whole(rate(({ initials }) => initials)) },
  { title: 'RX packet/s', cell: (_, rate) => whole(rate(({ packets }) => packets)) },
  { title: 'RX Mbit/s', cell: (_, rate) => ((rate(({ bytes }) => bytes) * 8) / 1e6).toFixed(1) },
  { title: 'TX packet/s', cell: (_, rate) => whole(rate(({ counts }) => counts?.txPackets ?? 0)) },
  { title: 'RX total', cell: ({ packets }) => whole(packets) },
  { title: 'lost', cell: (backend) => whole(lostOf(backend)) },
];
/** The first columns are words. */
const WORDS = 3;

/** Packets that a backend did not read in time, or had no room to send. */
export function lostOf({ counts }: BackendSample): number {
  return counts === undefined ? 0 : counts.rxRingFull + counts.rxDropped + counts.txRingFull;
}

/**
 * The state of a steering as lines of text. Rates are those since `before`.
 *
 * @param before an earlier sample of the same steering; the same one for no rates
 */
export function steeringTable(now: SteeringSample, before: SteeringSample): string[] {
  const seconds = Math.max((now.time - before.time) / 1000, 0.001);
  const rows = now.backends.map((backend) => {
    // A slot that another backend has now begins anew.
    const old = before.backends.find(({ id, slot }) => id === backend.id && slot === backend.slot);
    const rate = (of: (sample: BackendSample) => number) =>
      old === undefined ? 0 : Math.max(0, (of(backend) - of(old)) / seconds);
    return COLUMNS.map(({ cell }) => cell(backend, rate));
  });
  const titles = COLUMNS.map(({ title }) => title);
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i < WORDS ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const body = rows.length === 0 ? ['no backends: every packet goes to the host'] : rows.map(line);
  return [styleText('bold', line(titles)), ...body, '', ...statisticsLines(now)];
}

/** What the program counted, in a few lines; what is 0 is left out. */
function statisticsLines({ statistics }: SteeringSample): string[] {
  const part = (parts: readonly (readonly [count: number, what: string])[]) =>
    parts.flatMap(([count, what]) => (count > 0 ? [`${whole(count)} ${what}`] : [])).join(', ') || 'none';
  const { packets, routed, hashed, flowHits, flowMisses, flowsNotKept, invalid, unknown, noBackend } = statistics;
  const { truncated, forbiddenLength, versionZero, unknownVersion } = statistics;
  return [
    `packets  ${whole(packets)}: ${part([
      [routed, 'by ID'],
      [hashed, 'by hash'],
      [noBackend, 'without a backend'],
    ])}`,
    `hashed   ${part([
      [flowHits, 'of known flows'],
      [flowMisses, 'of new ones'],
      [flowsNotKept, 'not kept'],
      [invalid, 'with an ID that the codec does not read'],
      [unknown, 'with the ID of no backend'],
    ])}`,
    `odd      ${part([
      [truncated, 'truncated'],
      [forbiddenLength, 'with an ID too long'],
      [versionZero, 'of version 0'],
      [unknownVersion, 'of an unknown version'],
    ])}`,
  ];
}
