import { Errno } from '../../sys/index.js';
import { type InterpreterMap, indexOf } from './map.js';

/** Whether programs may ask for a copy to everybody: flags of bpf_redirect_map that only device maps take. */
const BROADCAST_FLAGS = { devmap: 0x18, devmapHash: 0x18, cpumap: 0, xskmap: 0 } as const;

/** Maps of places to redirect packets to. */
export type RedirectKind = keyof typeof BROADCAST_FLAGS;

/**
 * A map of places to redirect to, in memory. What stands behind a place is of no interest to the interpreter, only
 * whether there is something; programs that look it up see the value: for a device map `{u32 ifindex, u32 program}`, for
 * an XSKMAP the queue of the socket.
 */
export class InterpreterRedirectMap implements InterpreterMap {
  readonly kind: RedirectKind;
  readonly keySize = 4;
  readonly valueSize: number;
  readonly #values = new Map<number, Uint8Array>();

  constructor(kind: RedirectKind, valueSize = 4) {
    this.kind = kind;
    this.valueSize = valueSize;
  }

  /** The flags, beyond the default action, that bpf_redirect_map takes with this map. */
  get redirectFlags(): number {
    return BROADCAST_FLAGS[this.kind];
  }

  has(index: number): boolean {
    return this.#values.has(index);
  }

  /** Puts something in a place: an interface's index, a CPU's queue size, a socket's queue. */
  set(index: number, value = 0): void {
    const bytes = new Uint8Array(this.valueSize);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.#values.set(index, bytes);
  }

  /** @returns whether something was there */
  unset(index: number): boolean {
    return this.#values.delete(index);
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    return this.kind === 'cpumap' ? undefined : this.#values.get(indexOf(key));
  }

  update(): number {
    return -Errno.EOPNOTSUPP;
  }

  delete(): number {
    return -Errno.EOPNOTSUPP;
  }
}
