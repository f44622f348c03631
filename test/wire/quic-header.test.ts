import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeQuicHeader, QuicHeader, QuicVersion } from '../../dist/wire/index.js';

const of = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hex = (bytes: Uint8Array, at: number, length: number) => Buffer.from(bytes).toString('hex', at, at + length);
const id = (max = 20) => fc.uint8Array({ maxLength: max });
const version = fc.constantFrom(QuicVersion.v1, QuicVersion.v2);

describe('reads', () => {
  test('the client Initial of RFC 9001, appendix A.2, and of RFC 9369, appendix A.2', () => {
    const header = new QuicHeader();
    const [one, two] = [of('c300000001088394c8f03e5157080000449e'), of('d36b3343cf088394c8f03e5157080000449e')];
    for (const [start, version] of [
      [one, QuicVersion.v1],
      [two, QuicVersion.v2],
    ] as const) {
      const packet = Uint8Array.of(...start, ...new Uint8Array(1182));
      expect(header.read(packet, 0, packet.length, 0)).toBe(true);
      expect(header).toMatchObject({
        type: 'initial',
        version,
        fixedBit: true,
        destinationId: 6,
        destinationIdLength: 8,
        sourceIdLength: 0,
        tokenLength: 0,
        payload: 18,
        end: 1200,
      });
      expect(hex(packet, 6, 8)).toBe('8394c8f03e515708');
    }
  });

  test('the Retry of RFC 9001, appendix A.4, and of RFC 9369, appendix A.4', () => {
    const header = new QuicHeader();
    const packets = [
      'ff000000010008f067a5502a4262b5 746f6b656e 04a265ba2eff4d829058fb3f0f2496ba',
      'cf6b3343cf0008f067a5502a4262b5 746f6b656e c8646ce8bfe33952d955543665dcc7b6',
    ].map(of);
    for (const packet of packets) {
      expect(header.read(packet, 0, packet.length, 0)).toBe(true);
      expect(header).toMatchObject({ type: 'retry', destinationIdLength: 0, sourceIdLength: 8, tokenLength: 5 });
      expect(Buffer.from(packet).toString('ascii', header.token, header.token + 5)).toBe('token');
    }
  });

  test('the 1-RTT packet of RFC 9001, appendix A.5: the receiver knows the length of its connection ID', () => {
    const packet = of('4cfe4189655e5cd55c41f69080575d7999c25a5bfb');
    const header = new QuicHeader();
    expect(header.read(packet, 0, packet.length, 0)).toBe(true);
    expect(header).toMatchObject({ type: 'oneRtt', version: 0, destinationIdLength: 0, payload: 1, end: 21 });
    expect(header.read(packet, 0, packet.length, 20)).toBe(true);
    expect(header.read(packet, 0, packet.length, 21)).toBe(false);
  });

  test('version negotiation, and a version that nobody knows: the invariants (RFC 8999)', () => {
    const header = new QuicHeader();
    const negotiation = of('80 00000000 02 aabb 03 ccddee 00000001 6b3343cf');
    expect(header.read(negotiation, 0, negotiation.length, 0)).toBe(true);
    expect(header).toMatchObject({
      type: 'versionNegotiation',
      fixedBit: false,
      destinationId: 6,
      destinationIdLength: 2,
      sourceId: 9,
      sourceIdLength: 3,
      payload: 12,
      end: 20,
    });
    const unknown = Uint8Array.of(0xff, 0xba, 0xba, 0xba, 0xba, 200, ...new Uint8Array(200), 1, 7, 5);
    expect(header.read(unknown, 0, unknown.length, 0)).toBe(true);
    expect(header).toMatchObject({
      type: 'unknown',
      version: 0xbababa_ba,
      destinationIdLength: 200,
      sourceIdLength: 1,
    });
  });

  test('packets that are coalesced in one datagram, one after the other', () => {
    const destinationId = of('0102030405060708');
    const part = (type: 'initial' | 'handshake', length: number) => [
      ...encodeQuicHeader({ kind: 'long', type, version: QuicVersion.v1, destinationId, sourceId: of('09'), length }),
      ...new Uint8Array(length),
    ];
    const short = [...encodeQuicHeader({ kind: 'short', destinationId }), 0, 0, 0];
    const datagram = Uint8Array.of(...part('initial', 40), ...part('handshake', 7), ...short);
    const header = new QuicHeader();
    const seen: string[] = [];
    for (let at = 0; at < datagram.length; at = header.end) {
      expect(header.read(datagram, at, datagram.length, 8)).toBe(true);
      seen.push(`${header.type} ${hex(datagram, header.destinationId, 8)} ${header.end - header.payload}`);
    }
    expect(seen).toEqual(['initial 0102030405060708 40', 'handshake 0102030405060708 7', 'oneRtt 0102030405060708 3']);
  });
});

test('what is encoded reads back', () => {
  const header = new QuicHeader();
  const type = fc.constantFrom('initial' as const, 'zeroRtt' as const, 'handshake' as const);
  fc.assert(
    fc.property(
      version,
      type,
      id(),
      id(),
      id(63),
      fc.nat(1400),
      fc.nat(9),
      (version, type, a, b, token, length, at) => {
        const bytes = encodeQuicHeader({ kind: 'long', version, type, destinationId: a, sourceId: b, token, length });
        const memory = Uint8Array.of(...new Uint8Array(at), ...bytes, ...new Uint8Array(length + 3));
        expect(header.read(memory, at, memory.length, 5)).toBe(true);
        expect(header).toMatchObject({
          type,
          version,
          fixedBit: true,
          end: memory.length - 3,
          payload: at + bytes.length,
        });
        expect(memory.slice(header.destinationId, header.destinationId + header.destinationIdLength)).toEqual(a);
        expect(memory.slice(header.sourceId, header.sourceId + header.sourceIdLength)).toEqual(b);
        const found = memory.slice(header.token, header.token + header.tokenLength);
        expect(found).toEqual(type === 'initial' ? token : new Uint8Array(0));
      },
    ),
  );
});

test('what is damaged or cut off: nothing is read beyond the datagram, and every part lies in it', () => {
  const start = fc.tuple(version, id(4), id(4), id(4)).map(([version, destinationId, sourceId, token]) => {
    return encodeQuicHeader({ kind: 'long', type: 'initial', version, destinationId, sourceId, token, length: 9 });
  });
  const garbage = fc.tuple(
    fc.oneof(start, id()),
    fc.uint8Array({ maxLength: 30 }),
    fc.nat(50),
    fc.nat(255),
    fc.nat(30),
  );
  fc.assert(
    fc.property(garbage, fc.nat(20), ([head, tail, length, byte, changed], shortIdLength) => {
      const packet = Uint8Array.of(...head, ...tail).slice(0, length);
      if (changed < packet.length) packet[changed] = byte;
      const among = (canary: number) => {
        const memory = new Uint8Array(packet.length + 600).fill(canary);
        memory.set(packet, 300);
        const header = new QuicHeader();
        return header.read(memory, 300, 300 + packet.length, shortIdLength) ? { ...header } : undefined;
      };
      const found = among(0);
      expect(among(255)).toEqual(found);
      if (found === undefined) return;
      const end = 300 + packet.length;
      expect(found.payload).toBeLessThanOrEqual(end);
      expect(found.end).toBeLessThanOrEqual(end);
      expect(found.end).toBeGreaterThan(300);
      expect(found.destinationId + found.destinationIdLength).toBeLessThanOrEqual(end);
      expect(found.sourceIdLength === 0 || found.sourceId + found.sourceIdLength <= end).toBe(true);
    }),
    { numRuns: 5000 },
  );
});
