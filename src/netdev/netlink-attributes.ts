import { XdpError } from '../sys/index.js';

/**
 * Netlink's attributes: length, type and value, each padded to four bytes. Numbers are in host order, which is
 * little-endian on x86-64, arm64 and riscv64.
 */

const ATTRIBUTE_HEADER_LENGTH = 4;
/** The two high bits of an attribute's type are flags: NLA_F_NESTED, NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;
const NLA_F_NESTED = 0x8000;

/** Up to the next multiple of four. */
export const align4 = (length: number): number => (length + 3) & ~3;

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function malformed(what: string): XdpError {
  return new XdpError('XDP_ERR_NETLINK', `malformed netlink data: ${what}`);
}

/** Builds the payload of a message: bytes of a fixed structure first, then attributes. */
export class PayloadWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  #length = 0;

  /** @param structure the fixed structure that this kind of message begins with */
  constructor(structure: Uint8Array = new Uint8Array(0)) {
    this.#append(structure);
  }

  u8(type: number, value: number): this {
    return this.bytes(type, Uint8Array.of(value));
  }

  u16(type: number, value: number): this {
    const data = new Uint8Array(2);
    viewOf(data).setUint16(0, value, true);
    return this.bytes(type, data);
  }

  u32(type: number, value: number): this {
    const data = new Uint8Array(4);
    viewOf(data).setUint32(0, value, true);
    return this.bytes(type, data);
  }

  u64(type: number, value: bigint): this {
    const data = new Uint8Array(8);
    viewOf(data).setBigUint64(0, value, true);
    return this.bytes(type, data);
  }

  /** A string with its NUL. */
  string(type: number, value: string): this {
    return this.bytes(type, new TextEncoder().encode(`${value}\0`));
  }

  /** An attribute that says all by being there. */
  flag(type: number): this {
    return this.bytes(type, new Uint8Array(0));
  }

  bytes(type: number, value: Uint8Array): this {
    const length = ATTRIBUTE_HEADER_LENGTH + value.length;
    if (length > 0xffff) throw new XdpError('XDP_ERR_NETLINK', `a netlink attribute can't hold ${value.length} bytes`);
    const header = new Uint8Array(ATTRIBUTE_HEADER_LENGTH);
    viewOf(header).setUint16(0, length, true);
    viewOf(header).setUint16(2, type, true);
    this.#append(header);
    this.#append(value);
    return this;
  }

  /**
   * An attribute made of attributes.
   *
   * @param structure a fixed structure in front of them; few kinds have one (VETH_INFO_PEER)
   */
  nested(type: number, write: (inner: PayloadWriter) => void, structure?: Uint8Array): this {
    const inner = new PayloadWriter(structure);
    write(inner);
    return this.bytes(type | NLA_F_NESTED, inner.finish());
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Appends and pads to four bytes. */
  #append(data: Uint8Array): void {
    const end = this.#length + align4(data.length);
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(data, this.#length);
    this.#length = end;
  }
}

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/**
 * Decoded attributes. `u8` to `nested` give `undefined` for an attribute that is absent or too short; of an attribute
 * that comes twice the last counts, as in the kernel.
 */
export class Attributes {
  /** All of them, in order. */
  readonly entries: readonly Attribute[];
  readonly #last: ReadonlyMap<number, Uint8Array>;

  private constructor(entries: readonly Attribute[]) {
    this.entries = entries;
    this.#last = new Map(entries.map(({ type, value }) => [type, value]));
  }

  /**
   * @param offset where the attributes begin, behind the fixed structure
   * @throws XDP_ERR_NETLINK when a length points outside the data
   */
  static decode(data: Uint8Array, offset = 0): Attributes {
    const view = viewOf(data);
    const entries: Attribute[] = [];
    for (let at = offset; at < data.length; ) {
      if (at + ATTRIBUTE_HEADER_LENGTH > data.length) throw malformed('an attribute header is cut off');
      const length = view.getUint16(at, true);
      if (length < ATTRIBUTE_HEADER_LENGTH || at + length > data.length) {
        throw malformed(`an attribute claims ${length} bytes`);
      }
      entries.push({
        type: view.getUint16(at + 2, true) & TYPE_MASK,
        value: data.subarray(at + ATTRIBUTE_HEADER_LENGTH, at + length),
      });
      at += align4(length);
    }
    return new Attributes(entries);
  }

  has(type: number): boolean {
    return this.#last.has(type);
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#last.get(type);
  }

  u8(type: number): number | undefined {
    return this.#sized(type, 1)?.getUint8(0);
  }

  u16(type: number): number | undefined {
    return this.#sized(type, 2)?.getUint16(0, true);
  }

  u32(type: number): number | undefined {
    return this.#sized(type, 4)?.getUint32(0, true);
  }

  i32(type: number): number | undefined {
    return this.#sized(type, 4)?.getInt32(0, true);
  }

  u64(type: number): bigint | undefined {
    return this.#sized(type, 8)?.getBigUint64(0, true);
  }

  /** The kernel's newer `uint`: four bytes if they suffice, else eight; exact up to 2^53. */
  uint(type: number): number | undefined {
    const value = this.#last.get(type);
    if (value?.length !== 8) return this.u32(type);
    return Number(viewOf(value).getBigUint64(0, true));
  }

  /** Up to the first NUL. */
  string(type: number): string | undefined {
    const value = this.#last.get(type);
    if (value === undefined) return undefined;
    const end = value.indexOf(0);
    return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
  }

  /** @throws XDP_ERR_NETLINK when what is inside is malformed */
  nested(type: number): Attributes | undefined {
    const value = this.#last.get(type);
    return value === undefined ? undefined : Attributes.decode(value);
  }

  #sized(type: number, length: number): DataView | undefined {
    const value = this.#last.get(type);
    return value === undefined || value.length < length ? undefined : viewOf(value);
  }
}
