import type { CompiledMapKind } from '../../rules/index.js';
import { BackendValue, CounterKey, FlowKey, FlowValue, LoadValue, SettingsValue, SteeringMap } from './layouts.js';
import { MAGLEV_SLOTS } from './maglev.js';
import type { SteeringPlan } from './options.js';
import { SKETCH_BYTES } from './sketch.js';
import { Statistic } from './statistics.js';

/** How many sockets an XSKMAP has room for at least. */
const LEAST_SOCKETS = 64;
/** Numbers of servers that `cid_backend_map` has room for. */
const SERVERS = 65_536;

/** A map to be made. */
interface PlainShape {
  readonly name: string;
  readonly kind: CompiledMapKind | 'arrayOfMaps';
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

export interface SteeringMapShape extends PlainShape {
  /** The only value of an array. */
  readonly value?: Uint8Array;
  /** What is in a map of maps. */
  readonly inner?: PlainShape;
}

/** The Maglev table: one value, in an array of its own, so that a whole table is changed for another at once. */
export const MAGLEV_SHAPE: PlainShape = {
  name: 'quic_maglev_tab',
  kind: 'array',
  keySize: 4,
  valueSize: 2 * (MAGLEV_SLOTS + 3),
  maxEntries: 1,
};

export function steeringMaps(plan: SteeringPlan): SteeringMapShape[] {
  const { capacity, queues, codec } = plan;
  const array = (name: string, valueSize: number, maxEntries: number, kind: 'array' | 'percpuArray' = 'array') => ({
    name,
    kind,
    keySize: 4,
    valueSize,
    maxEntries,
  });
  return [
    { name: SteeringMap.counters, kind: 'lruHash', keySize: CounterKey.size, valueSize: 8, maxEntries: plan.counters },
    { name: SteeringMap.servers, kind: 'hash', keySize: 4, valueSize: 4, maxEntries: SERVERS },
    {
      name: SteeringMap.sockets,
      kind: 'xskmap',
      keySize: 4,
      valueSize: 4,
      maxEntries: Math.max(LEAST_SOCKETS, capacity * queues),
    },
    array(SteeringMap.backends, BackendValue.size, capacity),
    array(SteeringMap.load, LoadValue.size, capacity, 'percpuArray'),
    {
      name: SteeringMap.flows,
      kind: 'lruHash',
      keySize: FlowKey.size,
      valueSize: FlowValue.size,
      maxEntries: plan.flows,
    },
    array(SteeringMap.statistics, Statistic.size, 1, 'percpuArray'),
    array(SteeringMap.sketch, SKETCH_BYTES, 1, 'percpuArray'),
    { name: SteeringMap.maglev, kind: 'arrayOfMaps', keySize: 4, valueSize: 4, maxEntries: 1, inner: MAGLEV_SHAPE },
    { ...array(SteeringMap.settings, SettingsValue.size, 1), value: settingsOf(plan) },
    ...codec.tables.map(({ name, value }) => ({ ...array(name, value.length, 1), value })),
  ];
}

function settingsOf({ queues, capacity, hashSeed }: SteeringPlan): Uint8Array {
  const value = new Uint8Array(SettingsValue.size);
  const view = new DataView(value.buffer);
  view.setUint32(SettingsValue.queues, queues, true);
  view.setUint32(SettingsValue.capacity, capacity, true);
  view.setUint32(SettingsValue.hashSeed, hashSeed, true);
  return value;
}
