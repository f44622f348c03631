import { type EtherTypeCount, EtherTypeTable } from './ether-type-table.js';
import { type MacCount, MacTable } from './mac-table.js';
import type { StatisticsPlace } from './statistics-stage.js';

/** What an interface has received, by source address. */
export interface MacStatistics {
  /** In no order. */
  readonly entries: readonly MacCount[];
  /** Packets whose address found no room in a table. */
  readonly overflow: number;
}

/** The addresses that several queues have seen, added up. */
export function readMacs(places: readonly StatisticsPlace[]): MacStatistics {
  const tables = places.map(({ macs }) => new MacTable(macs));
  const sums = new Map<string, MacCount>();
  for (const { mac, packets, bytes, lastSeen } of tables.flatMap((table) => table.read())) {
    const sum = sums.get(mac) ?? { mac, packets: 0, bytes: 0, lastSeen: 0 };
    sums.set(mac, {
      mac,
      packets: sum.packets + packets,
      bytes: sum.bytes + bytes,
      lastSeen: Math.max(sum.lastSeen, lastSeen),
    });
  }
  return { entries: [...sums.values()], overflow: tables.reduce((sum, { overflow }) => sum + overflow, 0) };
}

/** The EtherTypes that several queues have seen, added up. Of two last sources, that of the later queue is told. */
export function readEtherTypes(places: readonly StatisticsPlace[]): EtherTypeCount[] {
  const sums = new Map<string, EtherTypeCount>();
  for (const count of places.flatMap(({ etherTypes }) => new EtherTypeTable(etherTypes).read())) {
    const key = `${count.level} ${count.etherType}`;
    const sum = sums.get(key);
    const packets = count.packets + (sum?.packets ?? 0);
    const bytes = count.bytes + (sum?.bytes ?? 0);
    sums.set(key, { ...count, packets, bytes });
  }
  return [...sums.values()];
}
