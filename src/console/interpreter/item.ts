export const INTEGER_KINDS = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const;
export type IntegerKind = (typeof INTEGER_KINDS)[number];
export type ItemKind = 'string' | IntegerKind | 'ip' | 'ip4' | 'ip range' | 'mac' | 'mac range' | 'binary';

const ENCODER = new TextEncoder();

/**
 * What lies on the stack: at heart a text, and for all kinds but `string` also the bytes that the text stands for.
 * Nothing changes an item.
 */
export class Item {
  readonly kind: ItemKind;
  readonly text: string;
  readonly #bytes: Uint8Array | undefined;

  private constructor(kind: ItemKind, text: string, bytes?: Uint8Array) {
    this.kind = kind;
    this.text = text;
    this.#bytes = bytes;
  }

  static string(text: string): Item {
    return new Item('string', text);
  }

  /** @param value within the range of the kind */
  static integer(kind: IntegerKind, value: bigint): Item {
    const bytes = new Uint8Array(bitsOf(kind) / 8);
    let rest = BigInt.asUintN(bytes.length * 8, value);
    for (let at = bytes.length - 1; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
    return new Item(kind, String(value), bytes);
  }

  static binary(bytes: Uint8Array): Item {
    return new Item('binary', Buffer.from(bytes).toString('hex'), bytes);
  }

  /** An address, or the first and the last one of a range. */
  static address(kind: 'ip' | 'ip4' | 'ip range' | 'mac' | 'mac range', text: string, bytes: Uint8Array): Item {
    return new Item(kind, text, bytes);
  }

  /** The bytes it stands for: of a string its UTF-8, of a number its bytes in network order. */
  get bytes(): Uint8Array {
    return this.#bytes ?? ENCODER.encode(this.text);
  }

  /** Bytes it takes, for strings roughly. */
  get size(): number {
    return this.#bytes?.length ?? this.text.length;
  }

  toJSON(): { kind: ItemKind; value: string } {
    return { kind: this.kind, value: this.text };
  }
}

/** The smallest and the largest number of a kind. */
export function rangeOf(kind: IntegerKind): readonly [low: bigint, high: bigint] {
  const bits = BigInt(bitsOf(kind));
  return kind.startsWith('u') ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

function bitsOf(kind: IntegerKind): number {
  return Number(kind.replace(/\D/g, ''));
}
