import { BpfMap, mapEntry, u32 } from '../../kernel/index.js';
import {
  type BackendEntry,
  type BackendOptions,
  type BackendSlot,
  type BackendState,
  checkBackend,
  readBackendSlot,
  writeBackendSlot,
} from './backend.js';
import { BackendValue, SteeringMap } from './layouts.js';
import { maglevTable } from './maglev.js';
import { usage } from './options.js';
import { MAGLEV_SHAPE } from './steering-maps.js';

/**
 * The backends of a steering, in the maps that its program reads: they are the truth, whoever has written them. A change is seen by
 * packets at once; those of connections that stay go on to where they were. Whoever changes it sees to it that nobody else does
 * meanwhile.
 */
export class BackendTable {
  readonly #backends: BpfMap;
  readonly #servers: BpfMap;
  readonly #maglev: BpfMap;
  readonly #load: BpfMap;

  constructor(maps: ReadonlyMap<string, BpfMap>) {
    this.#backends = maps.get(SteeringMap.backends)!;
    this.#servers = maps.get(SteeringMap.servers)!;
    this.#maglev = maps.get(SteeringMap.maglev)!;
    this.#load = maps.get(SteeringMap.load)!;
  }

  /** By slot. */
  entries(): BackendEntry[] {
    return this.#slots().flatMap(({ entry }) => entry ?? []);
  }

  /** @throws XDP_ERR_USAGE when one has this id already, or there is no room */
  add(options: readonly BackendOptions[]): BackendEntry[] {
    const slots = this.#slots();
    const added: BackendEntry[] = [];
    for (const one of options) {
      const { id, weight, act } = checkBackend(one);
      if (slots.some(({ entry }) => entry?.id === id)) throw usage(`there is a backend with id ${id} already`);
      const slot = slots.findIndex(({ entry }) => entry === undefined);
      if (slot < 0) throw usage(`the steering has room for ${slots.length} backends, and has them`);
      const entry: BackendEntry = { id, slot, weight, act, state: 'active' };
      slots[slot] = { generation: slots[slot]!.generation, entry };
      added.push(entry);
    }
    for (const { slot } of added) {
      // What was counted for who had the slot before.
      this.#load.update(u32(slot), new Uint8Array(this.#load.lookupSize));
      this.#write(slots, slot);
    }
    for (const { id, slot } of added) this.#servers.update(u32(id), u32(slot));
    this.#hash(slots);
    return added;
  }

  /** Sets state and weight. @throws XDP_ERR_USAGE when no backend has this id */
  change(id: number, change: { readonly state?: BackendState; readonly weight?: number }): void {
    const slots = this.#slots();
    const entry = find(slots, id);
    const { weight = entry.weight } = change;
    checkBackend({ id, weight });
    slots[entry.slot] = { ...slots[entry.slot]!, entry: { ...entry, ...change, weight } };
    this.#write(slots, entry.slot);
    this.#hash(slots);
  }

  /** Its flows are hashed anew, and its IDs are unknown from now on. @throws XDP_ERR_USAGE when no backend has this id */
  remove(id: number): BackendEntry {
    const slots = this.#slots();
    const entry = find(slots, id);
    const { generation } = slots[entry.slot]!;
    slots[entry.slot] = { generation: (generation + 1) >>> 0, entry: undefined };
    // First of all nobody is hashed there any more.
    this.#hash(slots);
    this.#servers.delete(u32(id));
    this.#write(slots, entry.slot);
    return entry;
  }

  #slots(): BackendSlot[] {
    const slots: BackendSlot[] = [];
    for (const { count, values } of this.#backends.batches()) {
      for (let i = 0; i < count; i++) {
        slots.push(readBackendSlot(values.subarray(i * BackendValue.size, (i + 1) * BackendValue.size), slots.length));
      }
    }
    return slots;
  }

  #write(slots: readonly BackendSlot[], slot: number): void {
    this.#backends.update(u32(slot), writeBackendSlot(slots[slot]!));
  }

  /** Puts a new table in the place of the old one. When it returns, no packet sees the old one any more. */
  #hash(slots: readonly BackendSlot[]): void {
    using inner = new BpfMap(MAGLEV_SHAPE);
    inner.update(u32(0), maglevValue(slots));
    this.#maglev.typed('u32', mapEntry).set(0, inner);
  }
}

function find(slots: readonly BackendSlot[], id: number): BackendEntry {
  const entry = slots.find((slot) => slot.entry?.id === id)?.entry;
  if (entry === undefined) throw usage(`there is no backend with id ${id}`);
  return entry;
}

/** The value of a map of {@link MAGLEV_SHAPE}: the table of all that are active. */
export function maglevValue(slots: readonly BackendSlot[]): Uint8Array {
  const active = slots.flatMap(({ entry }) => (entry?.state === 'active' ? entry : []));
  const value = new Uint8Array(MAGLEV_SHAPE.valueSize);
  value.set(new Uint8Array(maglevTable(active).buffer));
  return value;
}
