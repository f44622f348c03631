import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Cibir, CidFailure, CidV1, cidCodec, Katran, MsQuic, QuicLb } from '../../dist/quic/index.js';
import { Random } from '../rules/random.js';
import { CODECS, hex, KEY } from './codecs.js';

const usage = (message: RegExp) =>
  expect.objectContaining({ code: 'XDP_ERR_USAGE', message: expect.stringMatching(message) });

describe('round trips', () => {
  test.each(Object.entries(CODECS))('%s', (_, options) => {
    const codec = cidCodec(options);
    const random = new Random(2);
    const fill = (bytes: Uint8Array) => bytes.set(random.bytes(bytes.length));
    const { lowestServer: low, highestServer: high } = codec;
    const servers = [low, high, ...Array.from({ length: 200 }, () => random.between(low, high))];
    for (const server of servers) {
      const id = codec.encode(server, fill);
      expect(id).toHaveLength(codec.idLength);
      expect(codec.decode(id)).toBe(server);
      expect(codec.describe(id).server).toBe(server);
      // What follows an ID is not its own.
      expect(codec.decode(Uint8Array.of(...id, 1, 2))).toBe(server);
      expect(codec.decode(id.subarray(0, codec.shortest - 1))).toBe(CidFailure.tooShort);
    }
    expect(() => codec.encode(high + 1)).toThrow(usage(/is no server/));
    expect(() => codec.encode(low - 1)).toThrow(usage(/is no server/));
    expect(() => codec.encode(low + 0.5)).toThrow(usage(/is no server/));
    // Without a generator of one's own the rest is random.
    expect(new Set(Array.from({ length: 20 }, () => `${codec.encode(high)}`)).size).toBeGreaterThan(15);
  });
});

describe('CIDv1', () => {
  test('has the server in bytes 2 and 3, big-endian', () => {
    expect(new CidV1().decode(hex('01ff123456789abc'))).toBe(0x1234);
    expect(new CidV1({ position: 1 }).decode(hex('01ff123456789abc'))).toBe(0xff12);
    expect(new CidV1().decode(hex('02ff123456789abc'))).toBe(CidFailure.otherVersion);
    expect(new CidV1().decode(hex('01ff12'))).toBe(CidFailure.tooShort);
  });
});

describe('katran', () => {
  const katran = new Katran();

  test.each([
    ['4048c0ffffffffff', 0x0123],
    ['bf012345ffffffff', 0x012345],
    ['ff01234567ffffff', 0x01234567],
    ['ffffffffffffffff', CidFailure.invalid],
    ['c000000000ffffff', CidFailure.invalid],
    ['40003fffffffffff', CidFailure.invalid],
    ['3fffffffffffffff', CidFailure.otherVersion],
    ['4048c0ffffffff', CidFailure.tooShort],
  ])('%s is %i', (id, server) => expect(katran.decode(hex(id))).toBe(server));
});

test('MsQuic writes addresses in their order, and a number of its own in that of the machine', () => {
  const id = hex('99c0a80102000011223344556677');
  expect(new MsQuic().decode(id)).toBe(0xc0a80102);
  expect(new MsQuic({ serverId: 'fixed' }).decode(id)).toBe(0x0201a8c0);
  expect(new MsQuic().describe(id).fields).toContainEqual({ name: 'partition', value: '0000' });
});

test('a CIBIR ID stands behind the partition', () => {
  expect(new Cibir({ idLength: 3 }).decode(hex('0007aabbccdddddddd'))).toBe(0xaabbcc);
  expect(new Cibir({ idLength: 6, prefix: hex('0a0b') }).decode(hex('ffff0a0b01020304'))).toBe(0x01020304);
  expect(new Cibir({ idLength: 6, prefix: hex('0a0c') }).decode(hex('ffff0a0b01020304'))).toBe(CidFailure.invalid);
});

describe('QUIC-LB', () => {
  const other = hex('fdf726a9893ec05c0632d3956680baf0');

  // draft-ietf-quic-load-balancers-21, appendix B; of the third but last one the first byte is mended: the draft prints 12.
  test.each([
    { id: 0, serverId: 'ed793a', nonce: 'ee080dbf', key: KEY, cid: '0720b1d07b359d3c' },
    { id: 1, serverId: 'ed793a51d49b8f5fab65', nonce: 'ee080dbf48', key: KEY, cid: '2fcc381bc74cb4fbad2823a3d1f8fed2' },
    {
      id: 2,
      serverId: 'ed793a51d49b8f5f',
      nonce: 'ee080dbf48c0d1e5',
      key: KEY,
      cid: '504dd2d05a7b0de9b2b9907afb5ecf8cc3',
    },
    {
      id: 3,
      serverId: 'ed793a51d49b8f5fab',
      nonce: 'ee080dbf48c0d1e55d',
      key: KEY,
      cid: '725779c9cc86beb3a3a4a3ca96fce4bfe0cdbc',
    },
    { id: 0, serverId: '31441a', nonce: '9c69c275', key: other, cid: '0767947d29be054a' },
    { id: 0, serverId: 'c4605e', nonce: '4504cc4f', key: undefined, cid: '07c4605e4504cc4f' },
  ])('configuration $id: $serverId and $nonce make $cid', ({ id, serverId, nonce, key, cid }) => {
    const serverIdPrefix = hex(serverId).subarray(0, -4);
    const lengths = { serverIdLength: serverId.length / 2, nonceLength: nonce.length / 2 };
    const codec = new QuicLb({ configs: [{ id, ...lengths, key, serverIdPrefix }], lengthSelfEncoding: true });
    expect(Buffer.from(codec.encodeParts(hex(serverId), hex(nonce))).toString('hex')).toBe(cid);
    expect(codec.decode(hex(cid))).toBe(Number.parseInt(serverId.slice(-8), 16));
    expect(codec.describe(hex(cid)).fields).toEqual([
      { name: 'configuration', value: id },
      { name: 'length', value: cid.length / 2 },
      { name: 'server ID', value: serverId },
      { name: 'nonce', value: nonce },
    ]);
    // Another prefix is somebody else's server.
    if (serverIdPrefix.length === 0) return;
    const zeros = new QuicLb({ configs: [{ id, ...lengths, key }] });
    expect(zeros.decode(hex(cid))).toBe(CidFailure.invalid);
  });

  test('one block is AES-128 in ECB mode', () => {
    const codec = new QuicLb({ configs: [{ serverIdLength: 4, nonceLength: 12, key: KEY }] });
    const content = hex('01020304aaaaaaaaaaaaaaaaaaaaaaaa');
    const block = createCipheriv('aes-128-ecb', KEY, null).setAutoPadding(false).update(content);
    expect([...codec.encodeParts(content.subarray(0, 4), content.subarray(4)).subarray(1)]).toEqual([...block]);
  });

  const plain = { serverIdLength: 2, nonceLength: 5 };

  test('an unroutable ID names nobody, and tells its length', () => {
    const codec = new QuicLb({ configs: [plain] });
    const id = codec.encodeUnroutable(12);
    expect([id.length, id[0]]).toEqual([12, 0xeb]);
    expect(codec.decode(id)).toBe(CidFailure.unroutable);
    expect(codec.describe(id).fields).toContainEqual({ name: 'length', value: 12 });
    expect(() => codec.encodeUnroutable(7)).toThrow(usage(/length/));
  });

  test('the length that an ID tells has to be its own', () => {
    const codec = new QuicLb({ configs: [plain], lengthSelfEncoding: true });
    const id = codec.encode(7);
    expect(id[0]).toBe(7);
    id[0] = 8;
    expect(codec.decode(id)).toBe(CidFailure.invalid);
  });

  test('several configurations are told apart', () => {
    const old = { id: 1, serverIdLength: 3, nonceLength: 4, key: KEY };
    const codec = new QuicLb({ configs: [plain, old], issue: 1 });
    expect(codec.encode(0x123456)[0]! >> 5).toBe(1);
    expect(codec.decode(new QuicLb({ configs: [plain] }).encode(9))).toBe(9);
    expect(codec.decode(new QuicLb({ configs: [{ ...plain, id: 2 }] }).encode(9))).toBe(CidFailure.otherVersion);
  });
});

test.each<[RegExp, () => unknown]>([
  [/position/, () => new CidV1({ position: 19 })],
  [/length/, () => new CidV1({ position: 6, length: 7 })],
  [/version/, () => new Katran({ version: 4 as 3 })],
  [/server ID/, () => new MsQuic({ serverId: 'name' as 'ip' })],
  [/idLength/, () => new Cibir({ idLength: 7 })],
  [/offset/, () => new Cibir({ idLength: 4, offset: 17 })],
  [/prefix of 3/, () => new Cibir({ idLength: 6, prefix: hex('010203') })],
  [/needs a configuration/, () => new QuicLb({ configs: [] })],
  [/configuration: /, () => new QuicLb({ configs: [{ id: 7, serverIdLength: 1, nonceLength: 4 }] })],
  [/server ID length/, () => new QuicLb({ configs: [{ serverIdLength: 16, nonceLength: 4 }] })],
  [/nonce length/, () => new QuicLb({ configs: [{ serverIdLength: 12, nonceLength: 8 }] })],
  [/16 bytes/, () => new QuicLb({ configs: [{ serverIdLength: 2, nonceLength: 8, key: hex('01') }] })],
  [
    /two configurations 0/,
    () => new QuicLb({ configs: [0, 0].map((id) => ({ id, serverIdLength: 2, nonceLength: 4 })) }),
  ],
  [/no configuration 3/, () => new QuicLb({ configs: [{ serverIdLength: 2, nonceLength: 4 }], issue: 3 })],
  [/no codec "cidv2"/, () => cidCodec({ codec: 'cidv2' as 'cidv1' })],
])('%s is refused', (message, make) => expect(make).toThrow(usage(message)));
