import type { CidCodecOptions, cidCodec, QuicLbConfigOptions } from '../../dist/quic/index.js';
import type { Random } from '../rules/random.js';

export const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));

export const KEY: Uint8Array = hex('8f95f09245765f80256934e50c66207f');

const quicLb = (...configs: QuicLbConfigOptions[]): CidCodecOptions => ({ codec: 'quic-lb', configs });
const prefix = hex('a1b2c3d4e5f60718293a4b');
const encrypted = (serverIdLength: number, nonceLength: number, id = 0): QuicLbConfigOptions => ({
  id,
  serverIdLength,
  nonceLength,
  key: KEY,
  ...(serverIdLength > 4 && { serverIdPrefix: prefix.subarray(0, serverIdLength - 4) }),
});

/** Each kind of codec, and of the encrypted ones each way in which lengths can fall. */
export const CODECS: Readonly<Record<string, CidCodecOptions>> = {
  CIDv1: { codec: 'cidv1' },
  'CIDv1, counted from one': { codec: 'cidv1', position: 1 },
  'CIDv1, at the end': { codec: 'cidv1', position: 18 },
  'katran v1': { codec: 'katran', version: 1 },
  'katran v2': { codec: 'katran', version: 2 },
  'katran v3': { codec: 'katran', version: 3, length: 12 },
  'MsQuic, address': { codec: 'msquic' },
  'MsQuic, fixed': { codec: 'msquic', serverId: 'fixed' },
  'CIBIR of 1 byte': { codec: 'cibir', idLength: 1 },
  'CIBIR of 3 bytes': { codec: 'cibir', idLength: 3, offset: 7 },
  'CIBIR of 6 bytes': { codec: 'cibir', idLength: 6, prefix: hex('beef') },
  'QUIC-LB, plain': quicLb({ serverIdLength: 3, nonceLength: 4 }),
  'QUIC-LB, plain, 15 bytes': quicLb({ serverIdLength: 15, nonceLength: 4, serverIdPrefix: prefix }),
  'QUIC-LB, one block, 2 bytes': quicLb(encrypted(2, 14)),
  'QUIC-LB, one block, 8 bytes': quicLb(encrypted(8, 8)),
  'QUIC-LB, one block, 11 bytes': quicLb(encrypted(11, 5)),
  'QUIC-LB, one block, 12 bytes': quicLb(encrypted(12, 4)),
  'QUIC-LB, 1 + 4': quicLb(encrypted(1, 4)),
  'QUIC-LB, 3 + 4': quicLb(encrypted(3, 4)),
  'QUIC-LB, 4 + 4': quicLb(encrypted(4, 4)),
  'QUIC-LB, 5 + 4': quicLb(encrypted(5, 4)),
  'QUIC-LB, 10 + 5': quicLb(encrypted(10, 5)),
  'QUIC-LB, 13 + 4': quicLb(encrypted(13, 4)),
  'QUIC-LB, 9 + 9': quicLb(encrypted(9, 9)),
  'QUIC-LB, 14 + 4': quicLb(encrypted(14, 4)),
  'QUIC-LB, 1 + 18': quicLb(encrypted(1, 18)),
  'QUIC-LB, 9 + 10': quicLb(encrypted(9, 10)),
  'QUIC-LB, 15 + 4': quicLb(encrypted(15, 4)),
  'QUIC-LB, four configurations': {
    codec: 'quic-lb',
    configs: [
      encrypted(4, 12, 5),
      { id: 1, serverIdLength: 2, nonceLength: 6 },
      encrypted(3, 4, 0),
      { ...encrypted(6, 9, 6), key: hex('000102030405060708090a0b0c0d0e0f') },
    ],
    issue: 6,
  },
  'QUIC-LB, length told': {
    codec: 'quic-lb',
    lengthSelfEncoding: true,
    configs: [encrypted(4, 4, 2), { id: 3, serverIdLength: 6, nonceLength: 4, serverIdPrefix: hex('0001') }],
  },
};

/** Somebody's ID: made up, or one of the codec's own, as it is, or cut, lengthened or changed in a byte. */
export function someId(random: Random, codec: ReturnType<typeof cidCodec>): Uint8Array {
  if (random.chance(0.4)) return random.bytes(random.below(21));
  const fill = (bytes: Uint8Array) => bytes.set(random.bytes(bytes.length));
  const id = codec.encode(random.between(codec.lowestServer, codec.highestServer), fill);
  if (random.chance(0.4)) return id;
  const other = random.bytes(random.below(21));
  other.set(id.subarray(0, other.length));
  if (other.length > 0 && random.chance(0.5)) other[random.below(other.length)] = random.below(256);
  return other;
}
