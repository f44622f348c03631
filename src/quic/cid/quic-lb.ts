import { randomFillSync } from 'node:crypto';
import { type Assembler, R0, R1, R2 } from '../../ebpf/index.js';
import { XdpError } from '../../sys/index.js';
import { AesKey, AesOffset, type AesUse, aesMemory } from './aes-memory.js';
import {
  type CidCodec,
  type CidDescription,
  CidFailure,
  type CidTable,
  type DecodePlace,
  type RandomFill,
} from './codec.js';
import { emitAes } from './emit-aes.js';
import { emitFourPasses, emitOneBlock, FEISTEL_STACK } from './emit-quic-lb.js';
import { checkServer, checkWhole, emitReach, hexOf, LONGEST_ID } from './id-bytes.js';
import { QuicLbConfig, type QuicLbConfigOptions } from './quic-lb-config.js';

export interface QuicLbOptions {
  readonly codec: 'quic-lb';
  /** At least one, each with another `id`: while servers change from one to the next, IDs of both are about. */
  readonly configs: readonly QuicLbConfigOptions[];
  /** The lower five bits of the first byte tell the ID's length. Otherwise they are random. Default false. */
  readonly lengthSelfEncoding?: boolean | undefined;
  /** The `id` of the configuration that is encoded. Default: the first one. */
  readonly issue?: number | undefined;
}

/** Upper three bits of an ID that names no server. */
const UNROUTABLE = 7;
const LENGTH_BITS = 0x1f;
const TABLE = 'cid_aes';

/** QUIC-LB (draft-ietf-quic-load-balancers-21): the first byte names a configuration; server ID and nonce follow, plain or encrypted. */
export class QuicLb implements CidCodec {
  readonly name = 'quic-lb';
  readonly idLength: number;
  readonly shortest: number;
  readonly lowestServer = 0;
  readonly highestServer: number;
  readonly initial = 'hash';
  readonly variant: { readonly shift: number; readonly count: number } = { shift: 5, count: 8 };
  readonly tables: readonly CidTable[];
  readonly stackBytes: number;
  readonly #configs: readonly QuicLbConfig[];
  readonly #issue: QuicLbConfig;
  readonly #selfEncoding: boolean;
  /** The order of their keys. */
  readonly #encrypted: readonly QuicLbConfig[];

  /** @throws XDP_ERR_USAGE */
  constructor({ configs, lengthSelfEncoding = false, issue }: Omit<QuicLbOptions, 'codec'>) {
    this.#configs = configs.map((config) => new QuicLbConfig(config));
    const ids = this.#configs.map(({ id }) => id);
    if (ids.length === 0) throw new XdpError('XDP_ERR_USAGE', 'QUIC-LB needs a configuration');
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    if (twice !== undefined) throw new XdpError('XDP_ERR_USAGE', `there are two configurations ${twice}`);
    this.#issue = this.config(issue ?? ids[0]!);
    this.#selfEncoding = lengthSelfEncoding;
    this.#encrypted = this.#configs.filter(({ key }) => key !== undefined);
    this.idLength = this.#issue.idLength;
    this.shortest = Math.min(...this.#configs.map(({ idLength }) => idLength));
    this.highestServer = this.#issue.server.highest;
    this.stackBytes = this.#encrypted.length === 0 ? 0 : FEISTEL_STACK;
    this.tables = this.#encrypted.length === 0 ? [] : [{ name: TABLE, value: aesMemory(this.#encrypted.map(aesUse)) }];
  }

  /** @throws XDP_ERR_USAGE when there is none */
  config(id: number): QuicLbConfig {
    const config = this.#configs.find((one) => one.id === id);
    if (config !== undefined) return config;
    throw new XdpError('XDP_ERR_USAGE', `there is no configuration ${id}`, {
      advice: `there is ${this.#configs.map((one) => one.id).join(', ')}`,
    });
  }

  decode(id: Uint8Array): number {
    const config = this.#configOf(id);
    return typeof config === 'number' ? config : config.server.read(config.open(id), 0);
  }

  describe(id: Uint8Array): CidDescription {
    if (id.length === 0) return { server: CidFailure.tooShort, fields: [] };
    const config = this.#configOf(id);
    const fields: { name: string; value: string | number }[] = [{ name: 'configuration', value: id[0]! >> 5 }];
    if (this.#selfEncoding || config === CidFailure.unroutable) {
      fields.push({ name: 'length', value: (id[0]! & LENGTH_BITS) + 1 });
    }
    if (typeof config === 'number') return { server: config, fields };
    const content = config.open(id);
    fields.push({ name: 'server ID', value: hexOf(content.subarray(0, config.serverIdLength)) });
    fields.push({ name: 'nonce', value: hexOf(content.subarray(config.serverIdLength)) });
    if (id.length > config.idLength) fields.push({ name: 'rest', value: hexOf(id.subarray(config.idLength)) });
    return { server: config.server.read(content, 0), fields };
  }

  encode(server: number, random: RandomFill = randomFillSync): Uint8Array {
    checkServer(server, this.lowestServer, this.highestServer, this.name);
    const config = this.#issue;
    const content = new Uint8Array(config.length);
    random(content);
    config.server.write(content, 0, server);
    return this.#assemble(config, content, random);
  }

  /**
   * An ID of a given server ID and nonce, of the configuration that is encoded.
   *
   * @throws XDP_ERR_USAGE for other lengths than the configuration's
   */
  encodeParts(serverId: Uint8Array, nonce: Uint8Array, random: RandomFill = randomFillSync): Uint8Array {
    const config = this.#issue;
    if (serverId.length !== config.serverIdLength || nonce.length !== config.nonceLength) {
      const message = `configuration ${config.id} has a server ID of ${config.serverIdLength} bytes and a nonce of ${config.nonceLength}`;
      throw new XdpError('XDP_ERR_USAGE', message);
    }
    return this.#assemble(config, Uint8Array.of(...serverId, ...nonce), random);
  }

  /**
   * An ID that names no server, for a server that has no configuration (any more).
   *
   * @param length of the ID, 8 to 20 bytes
   * @throws XDP_ERR_USAGE
   */
  encodeUnroutable(length: number, random: RandomFill = randomFillSync): Uint8Array {
    checkWhole('length', length, 8, LONGEST_ID);
    const id = new Uint8Array(length);
    random(id);
    // Here the length is not left to choice.
    id[0] = (UNROUTABLE << 5) | (length - 1);
    return id;
  }

  #assemble(config: QuicLbConfig, content: Uint8Array, random: RandomFill): Uint8Array {
    const id = new Uint8Array(config.idLength);
    random(id.subarray(0, 1));
    const low = this.#selfEncoding ? config.length : id[0]! & LENGTH_BITS;
    id[0] = (config.id << 5) | low;
    id.set(config.seal(content), 1);
    return id;
  }

  /** The configuration that an ID is of, when it is as long as that demands. */
  #configOf(id: Uint8Array): QuicLbConfig | CidFailure {
    if (id.length < this.shortest) return CidFailure.tooShort;
    const number = id[0]! >> 5;
    const config = this.#configs.find((one) => one.id === number);
    if (config === undefined) return number === UNROUTABLE ? CidFailure.unroutable : CidFailure.otherVersion;
    if (this.#selfEncoding && (id[0]! & LENGTH_BITS) !== config.length) return CidFailure.invalid;
    return id.length < config.idLength ? CidFailure.tooShort : config;
  }

  emitDecode(a: Assembler, place: DecodePlace): void {
    const { base, at, failed } = place;
    emitReach(a, place, this.shortest);
    a.load('u8', R1, base, at).mov32(R2, R1).alu32('>>', R2, 5);
    const labels = this.#configs.map(({ id }) => a.fresh(`configuration ${id}`));
    for (const [i, { id }] of this.#configs.entries()) a.jump32('==', R2, id, labels[i]!);
    const settled = a.fresh('no configuration');
    a.mov(R0, CidFailure.otherVersion).jump32('!=', R2, UNROUTABLE, settled);
    a.mov(R0, CidFailure.unroutable).label(settled).goto(failed);
    const done = a.fresh('server');
    for (const [i, config] of this.#configs.entries()) {
      a.label(labels[i]!);
      if (this.#selfEncoding) {
        a.mov(R0, CidFailure.invalid).alu32('&', R1, LENGTH_BITS).jump32('!=', R1, config.length, failed);
      }
      emitReach(a, place, config.idLength, this.shortest);
      this.#emitConfig(a, config, place);
      if (i < this.#configs.length - 1) a.goto(done);
    }
    a.label(done);
  }

  #emitConfig(a: Assembler, config: QuicLbConfig, place: DecodePlace): void {
    const content = { ...place, at: place.at + 1 };
    if (config.cipher === undefined) config.server.emit(a, content.base, content.at, place.failed);
    else {
      const aes = { label: functionOf(config), blocks: keyOf(this.#encrypted.indexOf(config)) + AesKey.first };
      if (config.length === 16) emitOneBlock(a, config, content, aes);
      else emitFourPasses(a, config, content, aes);
    }
  }

  emitFunctions(a: Assembler): void {
    for (const [i, config] of this.#encrypted.entries()) {
      emitAes(a, { ...aesUse(config), label: functionOf(config), table: TABLE, key: keyOf(i) });
    }
  }
}

function functionOf({ id }: QuicLbConfig): string {
  return `AES of configuration ${id}`;
}

function keyOf(use: number): number {
  return AesOffset.keys + use * AesKey.size;
}

/** One block that is all cipher text; or half of the bytes, which go with the ID's length and the number of the pass. */
function aesUse({ key, length, serverIdLength }: QuicLbConfig): AesUse {
  if (length === 16) {
    const blocks = [new Uint8Array(16)];
    return { key: key!, direction: 'decrypt', input: 16, blocks, output: serverIdLength };
  }
  const half = Math.ceil(length / 2);
  const blocks = [1, 2, 3, 4].map((pass) =>
    Uint8Array.from({ length: 16 }, (_, i) => (i === 14 ? length : i === 15 ? pass : 0)),
  );
  return { key: key!, direction: 'encrypt', input: half, blocks, output: half };
}
