import { Errno } from '../../sys/index.js';
import { type InterpreterMap, indexKey, keyText } from './map.js';

/**
 * A map of maps (BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS) in memory: programs look inner maps up, and only the
 * control plane changes which they are.
 */
export class InterpreterMapOfMaps implements InterpreterMap {
  readonly keySize: number;
  /** The kernel's: the inner map's id for its users. */
  readonly valueSize = 4;
  readonly #maps = new Map<number | string, InterpreterMap>();

  /** @param keySize bytes; 4 for an array of maps */
  constructor(keySize = 4) {
    this.keySize = keySize;
  }

  lookup(key: Uint8Array): InterpreterMap | undefined {
    return this.#maps.get(keyText(key));
  }

  update(): number {
    return -Errno.EPERM;
  }

  /** Puts a map in a place, or takes the one that is there out. */
  set(key: number | Uint8Array, map: InterpreterMap | undefined): void {
    const name = keyText(typeof key === 'number' ? indexKey(key) : key);
    if (map === undefined) this.#maps.delete(name);
    else this.#maps.set(name, map);
  }

  delete(): number {
    return -Errno.EPERM;
  }
}
