import { randomFillSync } from 'node:crypto';
import { type Assembler, R0, R1, R2 } from '../../ebpf/index.js';
import { u32 } from '../../wire/index.js';
import { type CidCodec, type CidDescription, CidFailure, type DecodePlace, type RandomFill } from './codec.js';
import { checkServer, checkWhole, emitReach, hexOf, LONGEST_ID, writeNumber } from './id-bytes.js';

export type KatranVersion = 1 | 2 | 3;

export interface KatranOptions {
  readonly codec: 'katran';
  /** Of the IDs that are encoded. All three are decoded. Default 1. */
  readonly version?: KatranVersion | undefined;
  /** Bytes of the IDs that are encoded, 8 to 20. Default 8. */
  readonly length?: number | undefined;
}

/** katran looks at no shorter ones. */
const SHORTEST = 8;
/** Version 3 is read as a signed number. */
const HIGHEST: Readonly<Record<KatranVersion, number>> = { 1: 0xffff, 2: 0xff_ffff, 3: 0x7fff_ffff };

/**
 * The IDs of katran: the upper two bits are a version; the server's number follows in 16 bits (version 1), stands in bytes 1 to
 * 3 (version 2) or in bytes 1 to 4 (version 3). Server 0 is none.
 */
export class Katran implements CidCodec {
  readonly name = 'katran';
  readonly idLength: number;
  readonly shortest: number = SHORTEST;
  readonly lowestServer = 1;
  readonly highestServer: number;
  readonly initial = 'hash';
  readonly variant: { readonly shift: number; readonly count: number } = { shift: 6, count: 4 };
  readonly tables: readonly [] = [];
  readonly stackBytes = 0;
  readonly #version: KatranVersion;

  /** @throws XDP_ERR_USAGE */
  constructor({ version = 1, length = SHORTEST }: Omit<KatranOptions, 'codec'> = {}) {
    checkWhole('version', version, 1, 3);
    checkWhole('length', length, SHORTEST, LONGEST_ID);
    this.#version = version;
    this.idLength = length;
    this.highestServer = HIGHEST[version];
  }

  decode(id: Uint8Array): number {
    if (id.length < SHORTEST) return CidFailure.tooShort;
    const version = id[0]! >> 6;
    if (version === 0) return CidFailure.otherVersion;
    const word = u32(id, 0);
    const server = version === 1 ? (word >>> 14) & 0xffff : version === 2 ? word & 0xff_ffff : u32(id, 1) | 0;
    return server > 0 ? server : CidFailure.invalid;
  }

  describe(id: Uint8Array): CidDescription {
    const fields = id.length === 0 ? [] : [{ name: 'version', value: id[0]! >> 6 }];
    return { server: this.decode(id), fields: [...fields, { name: 'id', value: hexOf(id) }] };
  }

  encode(server: number, random: RandomFill = randomFillSync): Uint8Array {
    checkServer(server, this.lowestServer, this.highestServer, `${this.name} version ${this.#version}`);
    const id = new Uint8Array(this.idLength);
    random(id);
    if (this.#version === 1) {
      const rest = id[2]! & 0x3f;
      writeNumber(id, 0, 3, 0x40_0000 + server * 64 + rest);
      return id;
    }
    id[0] = (this.#version << 6) | (id[0]! & 0x3f);
    if (this.#version === 2) writeNumber(id, 1, 3, server);
    else writeNumber(id, 1, 4, server);
    return id;
  }

  emitDecode(a: Assembler, place: DecodePlace): void {
    const { base, at, failed } = place;
    const [second, third, done] = ['version 2', 'version 3', 'server'].map((hint) => a.fresh(hint)) as [
      string,
      string,
      string,
    ];
    emitReach(a, place, SHORTEST);
    a.load('u32', R1, base, at).byteOrder('be32', R1).mov32(R2, R1).alu32('>>', R2, 30);
    a.jump32('==', R2, 2, second).jump32('==', R2, 3, third);
    a.mov(R0, CidFailure.otherVersion).jump32('==', R2, 0, failed);
    a.alu32('>>', R1, 14).alu32('&', R1, 0xffff).goto(done);
    a.label(third)
      .load('u32', R1, base, at + 1)
      .byteOrder('be32', R1)
      .goto(done);
    a.label(second).alu32('&', R1, 0xff_ffff);
    a.label(done).mov(R0, CidFailure.invalid).jump32('s<=', R1, 0, failed).mov32(R0, R1);
  }

  emitFunctions(): void {}
}
