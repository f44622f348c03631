import { type Codec, codecOf, type Layout, type ValueOf, type WrittenValueOf } from './layout.js';
import type { BpfMap } from './map.js';

const NO_KEY = new Uint8Array(0);

/** A `queue` (first in, first out) or a `stack` (last in, first out). Owns nothing: the map stays with whoever made it. */
export class Queue<V extends Layout> {
  readonly #map: BpfMap;
  readonly #value: Codec<ValueOf<V>, WrittenValueOf<V>>;

  /** @throws RangeError when the map is of another kind, or the layout of another size */
  constructor(map: BpfMap, value: V) {
    if (map.kind !== 'queue' && map.kind !== 'stack')
      throw new RangeError(`map ${map.name} is of kind ${map.kind}, not a queue`);
    this.#map = map;
    this.#value = codecOf(value);
    if (this.#value.size !== map.valueSize) {
      throw new RangeError(`values of map ${map.name} have ${map.valueSize} bytes, not ${this.#value.size}`);
    }
  }

  /**
   * @param options with `overwrite` the oldest value goes when there is no room
   * @throws XDP_ERR_SYSTEM with `errnoName` E2BIG when there is no room
   */
  push(value: WrittenValueOf<V>, options: { readonly overwrite?: boolean } = {}): void {
    const bytes = new Uint8Array(this.#value.size);
    this.#value.write(new DataView(bytes.buffer), 0, value);
    // BPF_EXIST stands for overwriting here: kernel/bpf/queue_stack_maps.c, queue_stack_map_push_elem.
    this.#map.update(NO_KEY, bytes, options.overwrite ? 'replace' : 'any');
  }

  /** Takes the next value out. @returns undefined when there is none */
  pop(): ValueOf<V> | undefined {
    return this.#read(this.#map.take(NO_KEY));
  }

  /** The next value, which stays. */
  peek(): ValueOf<V> | undefined {
    return this.#read(this.#map.lookup(NO_KEY));
  }

  #read(value: Uint8Array | undefined): ValueOf<V> | undefined {
    return value && this.#value.read(new DataView(value.buffer), 0);
  }
}
