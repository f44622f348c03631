import { randomFillSync } from 'node:crypto';
import { type Assembler, R0 } from '../../ebpf/index.js';
import { XdpError } from '../../sys/index.js';
import { type CidCodec, type CidDescription, CidFailure, type DecodePlace, type RandomFill } from './codec.js';
import { checkServer, emitReach, hexOf } from './id-bytes.js';

export interface MsQuicOptions {
  readonly codec: 'msquic';
  /**
   * What MsQuic's LoadBalancingMode writes: the server's IPv4 address, or the last four bytes of its IPv6 address, as a number
   * (`ip`, default), or a number of its own, FixedServerID (`fixed`), in the order of a little-endian machine.
   */
  readonly serverId?: 'ip' | 'fixed' | undefined;
}

/** One random byte, four of the server, two of the partition, seven others. */
const SERVER = 1;
const SERVER_END = 5;
const PARTITION_END = 7;
const LENGTH = 14;

/** The IDs of MsQuic behind a load balancer. */
export class MsQuic implements CidCodec {
  readonly name = 'msquic';
  readonly idLength: number = LENGTH;
  readonly shortest: number = SERVER_END;
  readonly lowestServer = 0;
  readonly highestServer = 0xffff_ffff;
  readonly initial = 'hash';
  readonly variant = undefined;
  readonly tables: readonly [] = [];
  readonly stackBytes = 0;
  readonly #littleEndian: boolean;

  constructor({ serverId = 'ip' }: Omit<MsQuicOptions, 'codec'> = {}) {
    if (serverId !== 'ip' && serverId !== 'fixed') {
      throw new XdpError('XDP_ERR_USAGE', `MsQuic has no server ID ${JSON.stringify(serverId)}`, {
        advice: 'it is ip or fixed',
      });
    }
    this.#littleEndian = serverId === 'fixed';
  }

  decode(id: Uint8Array): number {
    if (id.length < SERVER_END) return CidFailure.tooShort;
    return new DataView(id.buffer, id.byteOffset).getUint32(SERVER, this.#littleEndian);
  }

  describe(id: Uint8Array): CidDescription {
    const server = this.decode(id);
    if (server < 0) return { server, fields: [] };
    const fields = [
      { name: 'server ID', value: hexOf(id.subarray(SERVER, SERVER_END)) },
      { name: 'partition', value: hexOf(id.subarray(SERVER_END, PARTITION_END)) },
      { name: 'rest', value: hexOf(id.subarray(PARTITION_END)) },
    ];
    return { server, fields };
  }

  encode(server: number, random: RandomFill = randomFillSync): Uint8Array {
    checkServer(server, this.lowestServer, this.highestServer, this.name);
    const id = new Uint8Array(LENGTH);
    random(id);
    new DataView(id.buffer).setUint32(SERVER, server, this.#littleEndian);
    return id;
  }

  emitDecode(a: Assembler, place: DecodePlace): void {
    const { base, at } = place;
    emitReach(a, place, SERVER_END);
    // le32 turns nothing on a little-endian machine; it is for those that are not.
    a.load('u32', R0, base, at + SERVER).byteOrder(this.#littleEndian ? 'le32' : 'be32', R0);
  }

  emitFunctions(): void {}
}
