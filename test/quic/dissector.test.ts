// needs: tshark
import { describe, expect, test } from 'vitest';
import { CidFailure, CidV1, QuicDissector, type QuicPacket } from '../../dist/quic/index.js';
import { QuicVersion } from '../../dist/wire/index.js';
import { Random } from '../rules/random.js';
import { sealInitial } from '../wire/quic-seal.js';
import { pcapOf, tsharkFields, withFile } from '../wire/tshark.js';
import { hex } from './codecs.js';
import { datagram, firstInitials, invariantPacket, longPacket, shortPacket } from './quic-frames.js';

const CLIENT = { address: '10.0.0.1', port: 50_000 };
const SERVER = { address: '10.0.0.2', port: 443 };
const digits = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');
const read = (dissector: QuicDissector, frame: Uint8Array) => dissector.read(frame, 0, frame.length);

/** The frames of a connection's beginning: the server chooses the ID `01aa0007cafe`, the client `c1c2c3`. */
function connection(version: (typeof QuicVersion)[keyof typeof QuicVersion]): Uint8Array[] {
  const numbers = new Random(version);
  const [first, client, server] = ['a102030405060708', 'c1c2c3', '01aa0007cafe'].map(hex) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const hello = firstInitials({ version, destinationId: first, sourceId: client, serverName: 'a.example', cut: 20 });
  const toClient = { version, destinationId: client, sourceId: server };
  const toServer = { version, destinationId: server, sourceId: client };
  const ack = new Uint8Array(40);
  ack.set([2, 0, 0, 0, 0]);
  return [
    ...hello.map((packet) => datagram(CLIENT, SERVER, packet)),
    datagram(
      SERVER,
      CLIENT,
      Buffer.concat([
        sealInitial({ ...toClient, packetNumber: 0 }, ack, first, 'server'),
        longPacket(numbers, { ...toClient, type: 'handshake' }, 700),
      ]),
    ),
    datagram(
      CLIENT,
      SERVER,
      Buffer.concat([
        sealInitial({ ...toServer, packetNumber: 2 }, ack, first, 'client'),
        longPacket(numbers, { ...toServer, type: 'handshake' }, 60),
        shortPacket(numbers, server, 90),
      ]),
    ),
    datagram(SERVER, CLIENT, shortPacket(numbers, client, 300)),
    datagram(CLIENT, SERVER, longPacket(numbers, { ...toServer, type: 'zeroRtt' }, 100)),
  ];
}

/** As tshark prints it. */
function versionText({ version }: QuicPacket): string | undefined {
  return version === undefined ? undefined : `0x${version.toString(16).padStart(8, '0')}`;
}

/** What both tell of a packet. */
function told({ form, version, type, destinationId, sourceId }: QuicPacket): object {
  return { form, version, type, destinationId: digits(destinationId), sourceId: digits(sourceId) };
}

describe.each([QuicVersion.v1, QuicVersion.v2])('a connection of version %i', (version) => {
  const frames = connection(version);

  test('is read with all it tells', () => {
    const dissector = new QuicDissector({ codec: new CidV1() });
    const packets = frames.map((frame) => read(dissector, frame));
    expect(packets.map((datagram) => datagram.map(({ type }) => type))).toEqual([
      ['initial'],
      ['initial'],
      ['initial', 'handshake'],
      ['initial', 'handshake', 'oneRtt'],
      ['oneRtt'],
      ['zeroRtt'],
    ]);
    const [one, two, answer, next, data] = packets;
    // The ClientHello is whole with the second packet.
    expect(one![0]).toMatchObject({ packetNumber: 0, server: CidFailure.otherVersion, index: 0 });
    expect(one![0]).not.toHaveProperty('hello');
    expect(two![0]).toMatchObject({ packetNumber: 1, hello: { serverName: 'a.example', alpn: ['h3'] } });
    // The server's is opened with keys of the client's first ID, as is the client's with another one.
    expect(answer![0]).toMatchObject({ packetNumber: 0, source: '10.0.0.2', sourcePort: 443, destinationPort: 50_000 });
    expect(next![0]).toMatchObject({ packetNumber: 2, server: 7 });
    // Nobody has said how long IDs in short headers are: long headers have.
    expect(told(next![2]!)).toMatchObject({ form: 'short', destinationId: '01aa0007cafe' });
    expect(next![2]).toMatchObject({ server: 7, index: 2, length: 1 + 6 + 90 });
    expect(told(data![0]!)).toMatchObject({ form: 'short', destinationId: 'c1c2c3' });
  });

  test('is the same to tshark', () => {
    const dissector = new QuicDissector();
    const ours = frames.map((frame) => read(dissector, frame));
    const fields = [
      'quic.header_form',
      'quic.version',
      'quic.dcid',
      'quic.scid',
      'tls.handshake.extensions_server_name',
    ] as const;
    const theirs = withFile(pcapOf(frames), (path) => tsharkFields(path, fields));
    const values = (found: (string | undefined)[]) =>
      found.filter((value) => value !== undefined && value !== '').join('|');
    expect(
      ours.map((packets) => ({
        'quic.header_form': values(packets.map(({ form }) => (form === 'long' ? '1' : '0'))),
        'quic.version': values(packets.map(versionText)),
        'quic.dcid': values(packets.map(({ destinationId }) => digits(destinationId))),
        'quic.scid': values(packets.map(({ sourceId }) => digits(sourceId))),
        'tls.handshake.extensions_server_name': values(packets.map(({ hello }) => hello?.serverName)),
      })),
    ).toEqual(theirs);
  });
});

describe('single packets', () => {
  const numbers = new Random(5);
  const one = (payload: Uint8Array, dissector = new QuicDissector()) =>
    read(dissector, datagram(CLIENT, SERVER, payload));

  test('any version, by its invariants', () => {
    const [packet] = one(invariantPacket(numbers, 0x1a2a3a4a, hex('0a0b'), hex('0c')));
    expect(told(packet!)).toEqual({
      form: 'long',
      version: 0x1a2a3a4a,
      type: 'unknown',
      destinationId: '0a0b',
      sourceId: '0c',
    });
    const [negotiation] = one(invariantPacket(numbers, 0, hex('0a'), hex('')));
    expect(negotiation).toMatchObject({ type: 'versionNegotiation', version: 0 });
  });

  test('IPv6, behind VLAN tags', () => {
    const [from, to] = ['2001:db8::1', '2001:db8::2'].map((address) => ({ address, port: 4433 }));
    const frame = datagram(from!, to!, shortPacket(numbers, hex('aabb'), 50), [{ id: 5 }, { id: 6 }]);
    const [packet] = read(new QuicDissector({ shortIdLength: 2 }), frame);
    expect(packet).toMatchObject({ source: '2001:db8::1', destinationPort: 4433, length: 53 });
    expect(digits(packet!.destinationId)).toBe('aabb');
  });

  test('an ID in a short header: its length is given, or the codec’s, or unknown', () => {
    const packet = shortPacket(numbers, hex('01aa0007cafe0011'), 30);
    expect(one(packet)[0]).not.toHaveProperty('destinationId');
    expect(digits(one(packet, new QuicDissector({ shortIdLength: 3 }))[0]!.destinationId)).toBe('01aa00');
    const [decoded] = one(packet, new QuicDissector({ codec: new CidV1() }));
    expect([digits(decoded!.destinationId), decoded!.server]).toEqual(['01aa0007cafe0011', 7]);
  });

  test('headers that are cut off are broken, and nothing else is QUIC', () => {
    const whole = longPacket(
      numbers,
      { type: 'handshake', version: 1, destinationId: hex('01'), sourceId: hex('02') },
      40,
    );
    for (let length = 1; length < whole.length; length++) {
      expect(one(whole.subarray(0, length)).map(({ type }) => type)).toEqual(['broken']);
    }
    for (const payload of ['', '00', '1603', '80ff00001d', '8000']) expect(one(hex(payload))).toEqual([]);
    // A greased fixed bit.
    expect(one(Uint8Array.of(whole[0]! & 0xbf, ...whole.subarray(1)))[0]!.type).toBe('handshake');
  });

  test('what only fills a datagram is no packet', () => {
    const whole = longPacket(
      numbers,
      { type: 'handshake', version: 1, destinationId: hex('01'), sourceId: hex('02') },
      40,
    );
    expect(one(Buffer.concat([whole, new Uint8Array(100)]))).toHaveLength(1);
  });

  test('reads no byte beyond, whatever comes', () => {
    const dissector = new QuicDissector({ codec: new CidV1() });
    for (let i = 0; i < 3000; i++) {
      const payload = numbers.bytes(numbers.below(80));
      if (payload.length > 5 && numbers.chance(0.7)) payload.set([0xc0 | numbers.below(64), 0, 0, 0, 1]);
      const frame = datagram(CLIENT, SERVER, payload);
      for (const packet of read(dissector, frame)) {
        expect(packet.length).toBeGreaterThan(0);
        expect(packet.length).toBeLessThanOrEqual(payload.length);
      }
    }
  });
});
