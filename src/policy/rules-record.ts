import { BpfMap, u32 } from '../kernel/index.js';
import type { RuleSet } from '../rules/index.js';

/** Name of the map that holds it. */
export const RECORD_MAP = 'rules_text';
/** Counts up when an older xdpkit could not read it any more. */
const FORMAT = 1;
/** Bytes of one element: what the kernel copies at a time. */
const PART = 65_536;

/** What a program in the kernel tells of itself: the rules it was made of. */
export interface RulesRecord {
  readonly format: number;
  /** ISO 8601. */
  readonly installed: string;
  readonly rules: RuleSet;
  /** Map of each socket that rules redirect to; without a name for those that need none. */
  readonly sockets: readonly { readonly name?: string; readonly map: string }[];
}

/** A frozen map with the record as JSON, filled up with spaces: `bpftool map dump` shows it to people, too. */
export function recordMap(rules: RuleSet, sockets: RulesRecord['sockets']): BpfMap {
  const record: RulesRecord = { format: FORMAT, installed: new Date().toISOString(), rules, sockets };
  const text = Buffer.from(JSON.stringify(record));
  const valueSize = Math.min(text.length, PART);
  const maxEntries = Math.ceil(text.length / valueSize);
  const map = new BpfMap({ kind: 'array', name: RECORD_MAP, valueSize, maxEntries });
  for (let i = 0; i < maxEntries; i++) {
    const part = Buffer.alloc(valueSize, ' ');
    text.copy(part, 0, i * valueSize);
    map.update(u32(i), part);
  }
  map.freeze();
  return map;
}

/** @returns undefined for a record of a format that is not ours */
export function readRecord(map: BpfMap): RulesRecord | undefined {
  const parts = Array.from({ length: map.maxEntries }, (_, i) => map.lookup(u32(i))!);
  const record = JSON.parse(Buffer.concat(parts).toString()) as RulesRecord;
  return record.format === FORMAT ? record : undefined;
}
