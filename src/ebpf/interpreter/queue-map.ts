import { Errno } from '../../sys/index.js';
import { type InterpreterMap, UpdateFlag } from './map.js';

export interface InterpreterQueueOptions {
  readonly valueSize: number;
  readonly maxEntries: number;
  /** What was pushed last is popped first: BPF_MAP_TYPE_STACK. Default false: BPF_MAP_TYPE_QUEUE. */
  readonly stack?: boolean;
}

/** A queue or stack in memory (kernel/bpf/queue_stack_maps.c). It has no keys. */
export class InterpreterQueue implements InterpreterMap {
  readonly keySize = 0;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly #stack: boolean;
  /** The oldest first. */
  readonly #values: Uint8Array[] = [];

  constructor(options: InterpreterQueueOptions) {
    this.valueSize = options.valueSize;
    this.maxEntries = options.maxEntries;
    this.#stack = options.stack ?? false;
  }

  /** What is in it, the oldest first. */
  values(): readonly Uint8Array[] {
    return this.#values;
  }

  /** @param flags BPF_EXIST: drop the oldest value where there is no room */
  push(value: Uint8Array, flags: number = UpdateFlag.any): number {
    if (flags !== UpdateFlag.any && flags !== UpdateFlag.replace) return -Errno.EINVAL;
    if (this.#values.length === this.maxEntries) {
      if (flags !== UpdateFlag.replace) return -Errno.E2BIG;
      this.#values.shift();
    }
    this.#values.push(value.slice());
    return 0;
  }

  /** Writes the next value to `value`, and takes it out; where there is none, zeros. */
  pop(value: Uint8Array): number {
    const result = this.peek(value);
    if (result === 0) {
      if (this.#stack) this.#values.pop();
      else this.#values.shift();
    }
    return result;
  }

  /** The same without taking it out. */
  peek(value: Uint8Array): number {
    const next = this.#stack ? this.#values.at(-1) : this.#values[0];
    if (next === undefined) {
      value.fill(0);
      return -Errno.ENOENT;
    }
    value.set(next);
    return 0;
  }

  lookup(): undefined {
    return undefined;
  }

  update(): number {
    return -Errno.EINVAL;
  }

  delete(): number {
    return -Errno.EINVAL;
  }
}
