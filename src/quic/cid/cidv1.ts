import { randomFillSync } from 'node:crypto';
import { type Assembler, R0, R1 } from '../../ebpf/index.js';
import { u16 } from '../../wire/index.js';
import { type CidCodec, type CidDescription, CidFailure, type DecodePlace, type RandomFill } from './codec.js';
import { checkServer, checkWhole, emitReach, hexOf, LONGEST_ID, writeNumber } from './id-bytes.js';

export interface CidV1Options {
  readonly codec: 'cidv1';
  /** Where the two bytes of the server are, counted from 0: 1 to 18. Default 2. */
  readonly position?: number | undefined;
  /** Bytes of the IDs that are encoded: at least `position` + 2, at most 20. Default 8, or as many as it takes. */
  readonly length?: number | undefined;
}

const VERSION = 1;

/**
 * CIDv1: the first byte is 1, and two others are the server, big-endian. Nothing hides it, and one ID in 256 that somebody else
 * made up names a server as well.
 */
export class CidV1 implements CidCodec {
  readonly name = 'cidv1';
  readonly idLength: number;
  readonly shortest: number;
  readonly lowestServer = 0;
  readonly highestServer = 0xffff;
  /** Clients of such a service choose their first ID so that it names a server. */
  readonly initial = 'decode';
  readonly variant = undefined;
  readonly tables: readonly [] = [];
  readonly stackBytes = 0;
  readonly #position: number;

  /** @throws XDP_ERR_USAGE */
  constructor({ position = 2, length = Math.max(8, position + 2) }: Omit<CidV1Options, 'codec'> = {}) {
    checkWhole('position', position, 1, LONGEST_ID - 2);
    checkWhole('length', length, position + 2, LONGEST_ID);
    this.#position = position;
    this.shortest = position + 2;
    this.idLength = length;
  }

  decode(id: Uint8Array): number {
    if (id.length < this.shortest) return CidFailure.tooShort;
    return id[0] === VERSION ? u16(id, this.#position) : CidFailure.otherVersion;
  }

  describe(id: Uint8Array): CidDescription {
    const fields = id.length === 0 ? [] : [{ name: 'version', value: id[0]! }];
    return { server: this.decode(id), fields: [...fields, { name: 'rest', value: hexOf(id.subarray(1)) }] };
  }

  encode(server: number, random: RandomFill = randomFillSync): Uint8Array {
    checkServer(server, this.lowestServer, this.highestServer, this.name);
    const id = new Uint8Array(this.idLength);
    random(id);
    id[0] = VERSION;
    writeNumber(id, this.#position, 2, server);
    return id;
  }

  emitDecode(a: Assembler, place: DecodePlace): void {
    const { base, at, failed } = place;
    emitReach(a, place, this.shortest);
    a.mov(R0, CidFailure.otherVersion).load('u8', R1, base, at).jump32('!=', R1, VERSION, failed);
    a.load('u16', R0, base, at + this.#position).byteOrder('be16', R0);
  }

  emitFunctions(): void {}
}
