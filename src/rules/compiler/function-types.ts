import type { FunctionTypes } from './compiled-rules.js';

/** include/uapi/linux/btf.h */
const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const Kind = { int: 1, pointer: 2, struct: 4, function: 12, prototype: 13 } as const;
const SIGNED = 1;
const GLOBAL = 1;
const STATIC = 0;

const INT = 1;
const LONG = 2;
const CONTEXT_POINTER = 4;
const PROTOTYPE = 5;
const FIRST_FUNCTION = 6;

/** A function, by its first instruction. */
export interface FunctionPlace {
  readonly name: string;
  readonly slot: number;
  /** Verified by itself, for any arguments. Otherwise it is walked again from every call. */
  readonly isGlobal: boolean;
}

/** Types (BTF) of functions that take a `struct xdp_md *` and numbers, and where they begin (struct bpf_func_info). */
export function functionTypes(functions: readonly FunctionPlace[]): FunctionTypes {
  const strings = new Strings();
  const words: number[] = [];
  const type = (name: string, kind: number, count: number, sizeOrType: number, ...rest: number[]) => {
    words.push(strings.at(name), (kind << 24) | count, sizeOrType, ...rest);
  };
  type('int', Kind.int, 0, 4, (SIGNED << 24) | 32);
  type('long', Kind.int, 0, 8, 64);
  type('xdp_md', Kind.struct, 0, 24);
  type('', Kind.pointer, 0, CONTEXT_POINTER - 1);
  const parameters = [CONTEXT_POINTER, LONG, LONG, LONG];
  type(
    '',
    Kind.prototype,
    parameters.length,
    INT,
    ...parameters.flatMap((parameter, i) => [strings.at(`p${i}`), parameter]),
  );
  for (const { name, isGlobal } of functions) type(name, Kind.function, isGlobal ? GLOBAL : STATIC, PROTOTYPE);
  const text = strings.bytes();
  const bytes = new Uint8Array(HEADER_BYTES + 4 * words.length + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAGIC, true);
  view.setUint8(2, 1);
  for (const [i, value] of [HEADER_BYTES, 0, 4 * words.length, 4 * words.length, text.length].entries()) {
    view.setUint32(4 + 4 * i, value, true);
  }
  for (const [i, word] of words.entries()) view.setUint32(HEADER_BYTES + 4 * i, word, true);
  bytes.set(text, HEADER_BYTES + 4 * words.length);
  const records = new Uint32Array(functions.flatMap(({ slot }, i) => [slot, FIRST_FUNCTION + i]));
  return { btf: bytes, functions: { size: 8, records: new Uint8Array(records.buffer) } };
}

class Strings {
  #text = '\0';

  at(name: string): number {
    if (name === '') return 0;
    const at = this.#text.length;
    this.#text += `${name}\0`;
    return at;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(Buffer.from(this.#text, 'latin1'));
  }
}
