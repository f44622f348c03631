/** Capture files written by the letter of their specifications, for what no tool here writes. */

export interface Stamped {
  readonly bytes: Uint8Array;
  /** In units of the file's resolution. */
  readonly units: bigint;
  readonly originalLength?: number;
}

class Writer {
  readonly #parts: number[] = [];
  readonly #little: boolean;

  constructor(little: boolean) {
    this.#little = little;
  }

  number(value: bigint | number, size: number): this {
    const bytes = Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
    this.#parts.push(...(this.#little ? bytes : bytes.reverse()));
    return this;
  }

  raw(bytes: Iterable<number>): this {
    this.#parts.push(...bytes);
    while (this.#parts.length % 4 !== 0) this.#parts.push(0);
    return this;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }
}

/** A pcap file (draft-ietf-opsawg-pcap). */
export function pcapFile(
  packets: readonly Stamped[],
  { little, nanoseconds, link = 1 }: { little: boolean; nanoseconds: boolean; link?: number },
): Uint8Array {
  const header = new Writer(little)
    .number(nanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4, 4)
    .number(2, 2)
    .number(4, 2);
  header.number(0, 8).number(65_535, 4).number(link, 4);
  const second = nanoseconds ? 1_000_000_000n : 1_000_000n;
  const records = packets.map(({ bytes, units, originalLength }) =>
    Buffer.concat([
      new Writer(little)
        .number(units / second, 4)
        .number(units % second, 4)
        .number(bytes.length, 4)
        .number(originalLength ?? bytes.length, 4).bytes,
      bytes,
    ]),
  );
  return Buffer.concat([header.bytes, ...records]);
}

/** Blocks of a pcapng file (draft-ietf-opsawg-pcapng) in one byte order. */
export class PcapngBlocks {
  readonly #little: boolean;

  constructor(little: boolean) {
    this.#little = little;
  }

  section(): Uint8Array {
    return this.block(0x0a0d_0d0a, (body) => body.number(0x1a2b_3c4d, 4).number(1, 2).number(0, 2).number(-1n, 8));
  }

  /** @param options numbers with the bytes of their values, in this byte order already */
  interface(options: readonly (readonly [number, Uint8Array])[] = [], link = 1, snapshotLength = 0): Uint8Array {
    return this.block(1, (body) => {
      body.number(link, 2).number(0, 2).number(snapshotLength, 4);
      for (const [code, value] of options) body.number(code, 2).number(value.length, 2).raw(value);
      return options.length > 0 ? body.number(0, 4) : body;
    });
  }

  enhanced({ bytes, units, originalLength }: Stamped, source = 0): Uint8Array {
    return this.block(6, (body) =>
      body
        .number(source, 4)
        .number(units >> 32n, 4)
        .number(units & 0xffff_ffffn, 4)
        .number(bytes.length, 4)
        .number(originalLength ?? bytes.length, 4)
        .raw(bytes),
    );
  }

  /** The obsolete Packet Block. */
  packet({ bytes, units }: Stamped, source = 0): Uint8Array {
    return this.block(2, (body) =>
      body
        .number(source, 2)
        .number(0xffff, 2)
        .number(units >> 32n, 4)
        .number(units & 0xffff_ffffn, 4)
        .number(bytes.length, 4)
        .number(bytes.length, 4)
        .raw(bytes),
    );
  }

  simple(bytes: Uint8Array, originalLength: number = bytes.length): Uint8Array {
    return this.block(3, (body) => body.number(originalLength, 4).raw(bytes));
  }

  block(type: number, fill: (body: Writer) => Writer): Uint8Array {
    const body = fill(new Writer(this.#little)).bytes;
    const length = body.length + 12;
    const head = new Writer(this.#little).number(type, 4).number(length, 4).bytes;
    return Buffer.concat([head, body, new Writer(this.#little).number(length, 4).bytes]);
  }

  u64(value: bigint): Uint8Array {
    return new Writer(this.#little).number(value, 8).bytes;
  }
}
