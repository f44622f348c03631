import { BackendValue } from './layouts.js';
import { usage, whole } from './options.js';

/** To the backend's AF_XDP sockets, to the host's network stack, or nowhere. */
export type BackendAct = 'socket' | 'host' | 'drop';
/** `draining`: its connections stay, and new ones go elsewhere. */
export type BackendState = 'active' | 'draining';

export interface BackendOptions {
  /** What connection IDs call it: a u32, as the codec has it. */
  readonly id: number;
  /** Its share of what is hashed, relative to the others: 1 to 65535. Default 1. */
  readonly weight?: number | undefined;
  /** Default `socket`. */
  readonly act?: BackendAct | undefined;
}

/** A backend as the kernel has it. */
export interface BackendEntry {
  readonly id: number;
  /** Its place in the tables, from 0: it stays as long as the backend. */
  readonly slot: number;
  readonly weight: number;
  readonly act: BackendAct;
  readonly state: BackendState;
}

/** A place in the table; free without an entry. */
export interface BackendSlot {
  readonly generation: number;
  readonly entry: BackendEntry | undefined;
}

/** What becomes of packets at a backend, by its number in `quic_backends`. */
export const ACTS: readonly BackendAct[] = ['socket', 'host', 'drop'];
/** 0 is a free slot. */
const STATES: readonly (BackendState | undefined)[] = [undefined, 'active', 'draining'];

export function readBackendSlot(value: Uint8Array, slot: number): BackendSlot {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const at = (offset: number) => view.getUint32(offset, true);
  const generation = at(BackendValue.generation);
  const state = STATES[at(BackendValue.state)];
  if (state === undefined) return { generation, entry: undefined };
  const act = ACTS[at(BackendValue.act)] ?? 'drop';
  return { generation, entry: { id: at(BackendValue.id), slot, weight: at(BackendValue.weight), act, state } };
}

export function writeBackendSlot({ generation, entry }: BackendSlot): Uint8Array {
  const value = new Uint8Array(BackendValue.size);
  const view = new DataView(value.buffer);
  view.setUint32(BackendValue.generation, generation, true);
  if (entry === undefined) return value;
  view.setUint32(BackendValue.state, STATES.indexOf(entry.state), true);
  view.setUint32(BackendValue.act, ACTS.indexOf(entry.act), true);
  view.setUint32(BackendValue.id, entry.id, true);
  view.setUint32(BackendValue.weight, entry.weight, true);
  return value;
}

/** @throws XDP_ERR_USAGE for what is out of range, or an act that there isn't */
export function checkBackend({ id, weight = 1, act = 'socket' }: BackendOptions): Required<BackendOptions> & {
  weight: number;
  act: BackendAct;
} {
  if (!ACTS.includes(act)) throw usage(`the act of a backend is ${ACTS.join(', ')}, not ${act}`);
  return { id: whole('the id of a backend', id, 0, 2 ** 32 - 1), weight: whole('weight', weight, 1, 65_535), act };
}
