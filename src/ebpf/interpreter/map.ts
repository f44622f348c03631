/**
 * What the interpreter asks of a map. Keys and values are bytes in host order; results that are numbers are what the
 * kernel's helpers return: 0, or a negative error number.
 */
export interface InterpreterMap {
  /** Bytes of a key. */
  readonly keySize: number;
  /** Bytes of a value, on one CPU. */
  readonly valueSize: number;

  /**
   * The value itself, not a copy: what a program writes to it stays. A map of maps gives the inner map.
   *
   * @param key only good during the call
   * @param cpu whose value it is, in a per-CPU map
   */
  lookup(key: Uint8Array, cpu: number): Uint8Array | InterpreterMap | undefined;

  /**
   * @param key only good during the call, as is `value`
   * @param flags 0: whether or not the key is there; 1 (BPF_NOEXIST): only if it is not; 2 (BPF_EXIST): only if it is
   * @throws RangeError where key or value have another size than the map's
   */
  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number;

  delete(key: Uint8Array): number;
}

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export const UpdateFlag = { any: 0, create: 1, replace: 2 } as const;

/** A key and its value; of a per-CPU map the values of all CPUs. */
export interface InterpreterEntry {
  readonly key: Uint8Array;
  readonly values: readonly Uint8Array[];
}

/** Programs always have the right sizes; who fills a map may not. */
export function checkSizes({ keySize, valueSize }: InterpreterMap, key: Uint8Array, value: Uint8Array): void {
  if (key.length !== keySize) throw new RangeError(`a key of the map has ${keySize} bytes, not ${key.length}`);
  if (value.length !== valueSize)
    throw new RangeError(`a value of the map has ${valueSize} bytes, not ${value.length}`);
}

/** A u32 at the beginning of a key. */
export function indexOf(key: Uint8Array): number {
  return (key[0]! | (key[1]! << 8) | (key[2]! << 16) | (key[3]! << 24)) >>> 0;
}

/** The bytes of a u32. */
export function indexKey(index: number): Uint8Array {
  return new Uint8Array(new Uint32Array([index]).buffer);
}

/** Bytes as something a Map takes for a key: a number where they fit one, otherwise one character for each. */
export function keyText(key: Uint8Array, start = 0): number | string {
  if (start === 0 && key.length === 4) return indexOf(key);
  let text = '';
  for (let i = start; i < key.length; i++) text += String.fromCharCode(key[i]!);
  return text;
}
