import type { FunctionTypes } from './compiled-rules.js';

/** include/uapi/linux/btf.h */
const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const Kind = { int: 1, pointer: 2, struct: 4, function: 12, prototype: 13 } as const;
const SIGNED = 1;
const GLOBAL = 1;

/** Numbers of types, in the order they are written. */
const Type = {
  int: 1,
  long: 2,
  context: 3,
  contextPointer: 4,
  longPointer: 5,
  rules: 6,
  bucket: 7,
  functions: 8,
} as const;

/** A function, by its first instruction. */
export interface FunctionPlace {
  readonly name: string;
  readonly slot: number;
  /** What it takes before three numbers: a `struct xdp_md *`, or a bucket, a `long *`. */
  readonly takes: 'rules' | 'bucket';
}

/** Types (BTF) of global functions, each of which is verified by itself, and where they begin (struct bpf_func_info). */
export function functionTypes(functions: readonly FunctionPlace[]): FunctionTypes {
  const strings = new Strings();
  const words: number[] = [];
  const type = (name: string, kind: number, count: number, sizeOrType: number, ...rest: number[]) => {
    words.push(strings.at(name), (kind << 24) | count, sizeOrType, ...rest);
  };
  type('int', Kind.int, 0, 4, (SIGNED << 24) | 32);
  type('long', Kind.int, 0, 8, 64);
  type('xdp_md', Kind.struct, 0, 24);
  type('', Kind.pointer, 0, Type.context);
  type('', Kind.pointer, 0, Type.long);
  for (const first of [Type.contextPointer, Type.longPointer]) {
    const parameters = [first, Type.long, Type.long, Type.long];
    const members = parameters.flatMap((parameter, i) => [strings.at(`p${i}`), parameter]);
    type('', Kind.prototype, parameters.length, Type.int, ...members);
  }
  for (const { name, takes } of functions) type(name, Kind.function, GLOBAL, Type[takes]);
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
  const records = new Uint32Array(functions.flatMap(({ slot }, i) => [slot, Type.functions + i]));
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
