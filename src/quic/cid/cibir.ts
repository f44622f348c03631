import { randomFillSync } from 'node:crypto';
import type { Assembler } from '../../ebpf/index.js';
import { type CidCodec, type CidDescription, CidFailure, type DecodePlace, type RandomFill } from './codec.js';
import { checkServer, checkWhole, emitReach, LONGEST_ID } from './id-bytes.js';
import { NumberField } from './number-field.js';

export interface CibirOptions {
  readonly codec: 'cibir';
  /** Where the CIBIR ID begins: MsQuic has it at 2, behind the partition, or at 7 with a server ID. Default 2. */
  readonly offset?: number | undefined;
  /** Bytes of it: 1 to 6. */
  readonly idLength: number;
  /** Of an ID of 5 or 6 bytes, the first one or two: the same for all servers. Default: zeros. */
  readonly prefix?: Uint8Array | undefined;
}

/** The partition before, and behind it what keeps MsQuic's IDs apart: 7 bytes with the CIBIR ID. */
const LONGEST_CIBIR = 6;
const CIBIR_PAYLOAD = 7;

/** IDs that share a name which the application chose (draft-banks-quic-cibir): each server has one. */
export class Cibir implements CidCodec {
  readonly name = 'cibir';
  readonly idLength: number;
  readonly shortest: number;
  readonly lowestServer = 0;
  readonly highestServer: number;
  readonly initial = 'hash';
  readonly variant = undefined;
  readonly tables: readonly [] = [];
  readonly stackBytes = 0;
  readonly #offset: number;
  readonly #field: NumberField;

  /** @throws XDP_ERR_USAGE */
  constructor({ offset = 2, idLength, prefix }: Omit<CibirOptions, 'codec'>) {
    checkWhole('idLength', idLength, 1, LONGEST_CIBIR);
    checkWhole('offset', offset, 0, LONGEST_ID - idLength);
    this.#offset = offset;
    this.#field = new NumberField(idLength, prefix);
    this.shortest = offset + idLength;
    this.idLength = Math.min(LONGEST_ID, Math.max(8, offset + CIBIR_PAYLOAD));
    this.highestServer = this.#field.highest;
  }

  decode(id: Uint8Array): number {
    return id.length < this.shortest ? CidFailure.tooShort : this.#field.read(id, this.#offset);
  }

  describe(id: Uint8Array): CidDescription {
    const server = this.decode(id);
    const short = server === CidFailure.tooShort;
    return { server, fields: short ? [] : [{ name: 'CIBIR ID', value: this.#field.text(id, this.#offset) }] };
  }

  encode(server: number, random: RandomFill = randomFillSync): Uint8Array {
    checkServer(server, this.lowestServer, this.highestServer, this.name);
    const id = new Uint8Array(this.idLength);
    random(id);
    this.#field.write(id, this.#offset, server);
    return id;
  }

  emitDecode(a: Assembler, place: DecodePlace): void {
    emitReach(a, place, this.shortest);
    this.#field.emit(a, place.base, place.at + this.#offset, place.failed);
  }

  emitFunctions(): void {}
}
