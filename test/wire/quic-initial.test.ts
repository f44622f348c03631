// needs: tshark
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CryptoStream,
  encodeFrame,
  initialKeys,
  openInitial,
  QuicHeader,
  QuicVersion,
  readClientHello,
  visitCryptoFrames,
} from '../../dist/wire/index.js';
import { clientHello, cryptoFrame, sealInitial } from './quic-seal.js';
import { pcapOf, tsharkFields, withFile } from './tshark.js';

const of = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const CLIENT_ID = of('8394c8f03e515708');
/** RFC 9001, appendix A.2. */
const HELLO_FRAMES = of(
  `060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e
   00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e0005000501000000000033002600240
   01d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080
   408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f08839
   4c8f03e51570806048000ffff`,
);

/** Opens the only packet of a datagram. */
function opened(packet: Uint8Array, clientId: Uint8Array, side: 'client' | 'server') {
  const header = new QuicHeader();
  expect(header.read(packet, 0, packet.length, 0)).toBe(true);
  return openInitial(packet, 0, header, initialKeys(header.version, clientId, side)!);
}

function handshakeOf(frames: Uint8Array): Uint8Array {
  const stream = new CryptoStream();
  expect(visitCryptoFrames(frames, (offset, data) => stream.add(offset, data))).toBe(true);
  return stream.contiguous;
}

describe('keys', () => {
  test.each([
    [
      QuicVersion.v1,
      'client',
      '1f369613dd76d5467730efcbe3b1a22d',
      'fa044b2f42a3fd3b46fb255c',
      '9f50449e04a0e810283a1e9933adedd2',
    ],
    [
      QuicVersion.v1,
      'server',
      'cf3a5331653c364c88f0f379b6067e37',
      '0ac1493ca1905853b0bba03e',
      'c206b8d9b9f0f37644430b490eeaa314',
    ],
    [
      QuicVersion.v2,
      'client',
      '8b1a0bc121284290a29e0971b5cd045d',
      '91f73e2351d8fa91660e909f',
      '45b95e15235d6f45a6b19cbcb0294ba9',
    ],
    [
      QuicVersion.v2,
      'server',
      '82db637861d55e1d011f19ea71d5d2a7',
      'dd13c276499c0249d3310652',
      'edf6d05c83121201b436e16877593c3a',
    ],
  ] as const)('of version %i, %s: RFC 9001 and RFC 9369, appendix A.1', (version, side, key, iv, headerKey) => {
    const keys = initialKeys(version, CLIENT_ID, side)!;
    expect([hex(keys.key), hex(keys.iv), hex(keys.headerKey)]).toEqual([key, iv, headerKey]);
  });

  test('of a version whose salt nobody has told: none', () => {
    expect(initialKeys(0xff00001d, CLIENT_ID, 'client')).toBeUndefined();
  });
});

describe('packets of the RFCs', () => {
  const frames = new Uint8Array(1162);
  frames.set(HELLO_FRAMES);

  test.each([
    [
      'c300000001088394c8f03e5157080000449e00000002',
      'c000000001088394c8f03e5157080000449e7b9aec34',
      'e221af44860018ab0856972e194cd934',
    ],
    ['d36b3343cf088394c8f03e5157080000449e00000002', 'd76b3343cf088394c8f03e5157080000449ea0c95e82', null],
  ])('A.2, the client Initial behind %s', (header, start, tag) => {
    // The packet is made here from what the RFC protects, and has to come out as it says.
    const packet = sealInitial(of(header), frames, CLIENT_ID, 'client');
    expect(hex(packet)).toMatch(new RegExp(`^${start}`));
    if (tag !== null) expect(hex(packet)).toMatch(new RegExp(`${tag}$`));
    expect(packet).toHaveLength(1200);
    const initial = opened(packet, CLIENT_ID, 'client')!;
    expect(initial.packetNumber).toBe(2);
    expect(hex(initial.frames)).toBe(hex(frames));
    expect(readClientHello(handshakeOf(initial.frames))).toEqual({ serverName: 'example.com', alpn: ['alpn'] });
    // Keys of somebody else, and a packet that was touched.
    expect(opened(packet, of('8394c8f03e515709'), 'client')).toBeUndefined();
    packet[700]! ^= 1;
    expect(opened(packet, CLIENT_ID, 'client')).toBeUndefined();
  });

  test.each([
    `cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3e
     c2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f5889185
     0abbdca3d20398c276456cbc42158407dd074ee`,
    `dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7fd3
     945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4
     bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140`,
  ])('A.3, the server Initial %.12s…', (packet) => {
    const initial = opened(of(packet), CLIENT_ID, 'server')!;
    expect(initial.packetNumber).toBe(1);
    const handshake = handshakeOf(initial.frames);
    // A ServerHello.
    expect(handshake[0]).toBe(2);
    expect(readClientHello(handshake)).toBeUndefined();
  });
});

describe('CRYPTO frames', () => {
  test('come together in any order, twice or overlapping', () => {
    const data = Uint8Array.from({ length: 5000 }, (_, i) => i * 7);
    const piece = fc.tuple(fc.nat(4999), fc.nat(4999)).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const stream = new CryptoStream();
        const there = new Set<number>();
        for (const [from, to] of pieces) {
          stream.add(from, data.subarray(from, to));
          for (let i = from; i < to; i++) there.add(i);
        }
        let end = 0;
        while (there.has(end)) end++;
        expect(Buffer.compare(stream.contiguous, data.subarray(0, end))).toBe(0);
      }),
    );
  });

  test('stand among padding, PING, ACK and CONNECTION_CLOSE', () => {
    const others = ['00', '01', '0205000000', '03050000000a0b0c', '1c4001060474657374'];
    const frames = Buffer.concat([
      ...others.map(of),
      cryptoFrame(3, of('040506')),
      of('000000'),
      cryptoFrame(0, of('010203')),
    ]);
    expect(hex(handshakeOf(frames))).toBe('010203040506');
  });

  test.each(['08', '0600', '060005aa', '02', '0200', '1c00', '40'])(
    '%s is no whole frame of an Initial packet',
    (frames) => {
      expect(visitCryptoFrames(of(frames), () => {})).toBe(false);
    },
  );

  test('what is beyond 16 KiB takes no memory', () => {
    const stream = new CryptoStream();
    stream.add(2 ** 40, of('00'));
    stream.add(16_380, new Uint8Array(100));
    expect(stream.contiguous).toHaveLength(0);
  });
});

describe('a ClientHello', () => {
  const hello = clientHello({ serverName: 'q.test', alpn: ['h3', 'hq-interop'] });

  test('tells SNI and ALPN', () => {
    expect(readClientHello(hello)).toEqual({ serverName: 'q.test', alpn: ['h3', 'hq-interop'] });
    expect(readClientHello(clientHello({ alpn: [] }))).toEqual({ alpn: [] });
  });

  test('is read when all of it is there, and is never read beyond', () => {
    for (let length = 0; length < hello.length; length++)
      expect(readClientHello(hello.subarray(0, length))).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, byte) => {
        const changed = hello.slice();
        changed[at] = byte;
        readClientHello(changed);
      }),
    );
  });

  test('has no characters that steer a terminal', () => {
    expect(readClientHello(clientHello({ serverName: '\x1b[2J\n', alpn: ['\\'] }))).toEqual({
      serverName: String.raw`\x1b[2J\x0a`,
      alpn: [String.raw`\x5c`],
    });
  });
});

test('tshark finds the same in Initial packets of both versions, their ClientHello in pieces', () => {
  const frames: Uint8Array[] = [];
  const wanted: { serverName: string; alpn: string }[] = [];
  for (const [i, version] of [QuicVersion.v1, QuicVersion.v2, QuicVersion.v1, QuicVersion.v2].entries()) {
    const serverName = `host${i}.example`;
    const hello = clientHello({ serverName, alpn: ['h3', `v${i}`] });
    const cut = 10 + 20 * i;
    // The second piece first.
    const crypto = Buffer.concat([cryptoFrame(cut, hello.subarray(cut)), cryptoFrame(0, hello.subarray(0, cut))]);
    const clientId = Uint8Array.from({ length: 8 + 4 * i }, (_, j) => 16 * i + j);
    const padded = new Uint8Array(1150);
    padded.set(crypto);
    const packet = sealInitial(
      { version, destinationId: clientId, sourceId: of('aabb'), packetNumber: i },
      padded,
      clientId,
      'client',
    );
    wanted.push({ serverName, alpn: `h3|v${i}` });
    frames.push(
      encodeFrame({
        ethernet: { destination: '02:00:00:00:00:02', source: '02:00:00:00:00:01' },
        network: { kind: 'ipv4', source: `10.0.0.${i + 1}`, destination: '10.0.0.200' },
        transport: { kind: 'udp', sourcePort: 40_000 + i, destinationPort: 443 },
        payload: packet,
      }),
    );
    const initial = opened(packet, clientId, 'client')!;
    expect(initial.packetNumber).toBe(i);
    expect(readClientHello(handshakeOf(initial.frames))).toEqual({ serverName, alpn: ['h3', `v${i}`] });
  }
  const found = withFile(pcapOf(frames), (path) =>
    tsharkFields(path, [
      'tls.handshake.extensions_server_name',
      'tls.handshake.extensions_alpn_str',
      'quic.packet_number',
    ]),
  );
  expect(found).toEqual(
    wanted.map(({ serverName, alpn }, i) => ({
      'tls.handshake.extensions_server_name': serverName,
      'tls.handshake.extensions_alpn_str': alpn,
      'quic.packet_number': `${i}`,
    })),
  );
});
