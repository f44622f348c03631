import { XdpError } from '../../sys/index.js';
import { checkWhole } from './id-bytes.js';
import { NumberField } from './number-field.js';
import { QuicLbCipher } from './quic-lb-cipher.js';

export interface QuicLbConfigOptions {
  /** Which one it is: 0 to 6, in the upper three bits of the IDs. Default 0. */
  readonly id?: number | undefined;
  /** Bytes of the server ID: 1 to 15. */
  readonly serverIdLength: number;
  /** Bytes of the nonce: 4 to 18; with the server ID at most 19. */
  readonly nonceLength: number;
  /** 16 bytes, to encrypt both with AES-128. Without it they are there for all to see. */
  readonly key?: Uint8Array | undefined;
  /** Of a server ID of more than 4 bytes, all but the last 4: the same for all servers. Default: zeros. */
  readonly serverIdPrefix?: Uint8Array | undefined;
}

const SHORTEST_NONCE = 4;
const LONGEST_CONTENT = 19;
const LAST_CONFIG = 6;

/** One of the configurations that a QUIC-LB codec knows. */
export class QuicLbConfig {
  readonly id: number;
  readonly serverIdLength: number;
  readonly nonceLength: number;
  readonly server: NumberField;
  readonly key: Uint8Array | undefined;
  readonly cipher: QuicLbCipher | undefined;

  /** @throws XDP_ERR_USAGE */
  constructor({ id = 0, serverIdLength, nonceLength, key, serverIdPrefix }: QuicLbConfigOptions) {
    checkWhole('configuration', id, 0, LAST_CONFIG);
    checkWhole('server ID length', serverIdLength, 1, LONGEST_CONTENT - SHORTEST_NONCE);
    checkWhole('nonce length', nonceLength, SHORTEST_NONCE, LONGEST_CONTENT - serverIdLength);
    if (key !== undefined && key.length !== 16) {
      throw new XdpError('XDP_ERR_USAGE', `a key of QUIC-LB has 16 bytes, not ${key.length}`);
    }
    this.id = id;
    this.serverIdLength = serverIdLength;
    this.nonceLength = nonceLength;
    this.server = new NumberField(serverIdLength, serverIdPrefix);
    this.key = key;
    this.cipher = key && new QuicLbCipher(key, serverIdLength + nonceLength);
  }

  /** Bytes of server ID and nonce. */
  get length(): number {
    return this.serverIdLength + this.nonceLength;
  }

  /** Bytes of an ID. */
  get idLength(): number {
    return 1 + this.length;
  }

  /** Server ID and nonce of an ID that is long enough. */
  open(id: Uint8Array): Uint8Array {
    const content = id.subarray(1, this.idLength);
    return this.cipher === undefined ? content : this.cipher.decrypt(content);
  }

  /** @returns what stands in an ID for server ID and nonce */
  seal(content: Uint8Array): Uint8Array {
    return this.cipher === undefined ? content : this.cipher.encrypt(content);
  }
}
