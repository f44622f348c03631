import type { Rule } from '../model/index.js';
import type { InterfaceSlot, ProgramSlot, SocketSlot, SteeringSlot } from './compiled-rules.js';
import type { MapPool } from './map-pool.js';
import { outcomes } from './residue.js';

/** Queues that a socket map has room for, unless the caller knows better. */
const QUEUES = 64;

/** Where packets may go, collected over all rules: what the loader has to put into which map. */
export class Destinations {
  readonly sockets: SocketSlot[] = [];
  readonly interfaces: InterfaceSlot[] = [];
  readonly programs: ProgramSlot[] = [];
  readonly steerings: SteeringSlot[] = [];
  readonly #maps: MapPool;
  readonly #queues: number;

  constructor(rules: readonly Rule[], maps: MapPool, queues: number = QUEUES) {
    this.#maps = maps;
    this.#queues = queues;
    for (const { action } of rules) {
      for (const outcome of outcomes(action)) {
        if (outcome === 'redirect') this.socketMap(undefined);
        else if (typeof outcome === 'string') continue;
        else if ('program' in outcome) this.program(outcome.program);
        else if ('steer' in outcome) this.steering(outcome.steer);
        else if ('socket' in outcome.redirect) this.socketMap(outcome.redirect.socket);
        else this.interface(outcome.redirect.interface);
      }
    }
    if (this.interfaces.length > 0) {
      maps.add('devmap', 'interfaces', { keySize: 4, valueSize: 8, maxEntries: this.interfaces.length });
    }
    const calls = this.programs.length + this.steerings.length;
    if (calls > 0) {
      maps.add('programArray', 'programs', { keySize: 4, valueSize: 4, maxEntries: calls });
    }
  }

  /** The XSKMAP of a named socket, or of those that need no name. */
  socketMap(name: string | undefined): string {
    const before = this.sockets.find((slot) => slot.name === name);
    if (before !== undefined) return before.map;
    const map = name === undefined ? 'sockets' : `sockets_${this.sockets.length}`;
    this.#maps.add('xskmap', map, { keySize: 4, valueSize: 4, maxEntries: this.#queues });
    this.sockets.push({ map, name });
    return map;
  }

  interface(name: string): InterfaceSlot {
    return place(
      this.interfaces,
      (slot) => slot.name === name,
      (key) => ({ map: 'interfaces', key, name }),
    );
  }

  program(path: string): ProgramSlot {
    return place(
      this.programs,
      (slot) => slot.path === path,
      () => ({ map: 'programs', key: this.#nextCall, path }),
    );
  }

  steering(name: string): SteeringSlot {
    return place(
      this.steerings,
      (slot) => slot.name === name,
      () => ({ map: 'programs', key: this.#nextCall, name }),
    );
  }

  /** Both kinds of tail calls share a map. */
  get #nextCall(): number {
    return this.programs.length + this.steerings.length;
  }
}

function place<Slot>(slots: Slot[], is: (slot: Slot) => boolean, make: (key: number) => Slot): Slot {
  const before = slots.find(is);
  if (before !== undefined) return before;
  const slot = make(slots.length);
  slots.push(slot);
  return slot;
}
