import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame, type Frame, PacketHeaders, TcpFlag } from '../../dist/wire/index.js';
import { anyFrame, damagedFrame, ipFrame } from './arbitrary-frame.js';
import { onesComplementSum } from './reference-packet.js';

const RUNS = process.env['XDPKIT_LONG'] ? 100_000 : 1000;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const MINIMAL: Frame = {
  ethernet: { destination: '02:00:00:00:00:02', source: '02:00:00:00:00:01' },
  network: { kind: 'ipv4', source: '10.0.0.1', destination: '10.0.0.2' },
  transport: { kind: 'udp', sourcePort: 1000, destinationPort: 53 },
  payload: Uint8Array.of(0x78),
};

describe('encodeFrame', () => {
  test('every byte of a small frame', () => {
    expect(hex(encodeFrame(MINIMAL))).toBe(
      // Worked out by hand: the words of the IP header add up to 0xd931, those of UDP to 0x9043.
      ['020000000002 020000000001 0800', '4500001d 00004000 401126ce 0a000001 0a000002', '03e8 0035 0009 6fbc 78']
        .join('')
        .replaceAll(' ', ''),
    );
  });

  test('what is left out has the default that the docs tell', () => {
    const { network, transport } = decodeFrame(
      encodeFrame({ ...MINIMAL, transport: { kind: 'tcp', sourcePort: 1, destinationPort: 2 } }),
    )!;
    expect(network).toMatchObject({ dscp: 0, ttl: 64, identification: 0, dontFragment: true, protocol: 6 });
    expect(transport).toMatchObject({ sequence: 0, flags: TcpFlag.ack, window: 65_535 });
  });

  test('a checksum that is given stands as it is', () => {
    const bytes = encodeFrame({
      ...MINIMAL,
      network: { kind: 'ipv4', source: '10.0.0.1', destination: '10.0.0.2', checksum: 0x1234 },
      transport: { kind: 'udp', sourcePort: 1, destinationPort: 2, checksum: 0 },
    });
    expect([hex(bytes.subarray(24, 26)), hex(bytes.subarray(40, 42))]).toEqual(['1234', '0000']);
  });

  test('an address that is none is refused', () => {
    for (const source of ['10.0.0', '10.0.0.256', '::g', '']) {
      const frame: Frame = { ...MINIMAL, network: { kind: 'ipv4', source, destination: '10.0.0.2' } };
      expect(() => encodeFrame(frame)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
    }
  });

  test('checksums are right', () => {
    fc.assert(
      fc.property(ipFrame, (frame) => {
        const bytes = encodeFrame(frame);
        const at = new PacketHeaders().read(bytes, 0, bytes.length);
        const four = frame.network!.kind === 'ipv4';
        if (four) expect(onesComplementSum(bytes.subarray(at.network, at.transport))).toBe(0xffff);
        const addresses = four ? [at.network + 12, at.network + 20] : [at.network + 8, at.network + 40];
        const plain = four && frame.transport!.kind === 'icmp';
        const length = at.packetEnd - at.transport;
        const pseudo = plain
          ? []
          : [...bytes.subarray(addresses[0], addresses[1]), 0, at.protocol, length >> 8, length & 255];
        expect(onesComplementSum(Uint8Array.of(...pseudo, ...bytes.subarray(at.transport)))).toBe(0xffff);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('decodeFrame', () => {
  test('gives back what was put in', () => {
    fc.assert(
      fc.property(anyFrame, fc.uint8Array({ maxLength: 9 }), fc.nat(5), (frame, trailer, start) => {
        // Without a packet nothing tells where the payload ends.
        const whole = frame.network === undefined ? frame : { ...frame, trailer };
        const bytes = Uint8Array.of(...new Array<number>(start).fill(0xee), ...encodeFrame(whole), 0xee);
        const decoded = decodeFrame(bytes, start, bytes.length - start - 1)!;
        const {
          vlan,
          trailer: _,
          ...parts
        } = frame.network?.kind === 'arp' ? { ...whole } : { payload: new Uint8Array(0), ...whole };
        expect(decoded).toMatchObject(parts);
        expect(decoded.vlan ?? []).toMatchObject(vlan ?? []);
        expect(decoded.trailer ?? new Uint8Array(0)).toEqual(whole === frame ? new Uint8Array(0) : trailer);
      }),
      { numRuns: RUNS },
    );
  });

  test('encoding the result gives the bytes again', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const bytes = encodeFrame(frame);
        expect(hex(encodeFrame(decodeFrame(bytes)!))).toBe(hex(bytes));
      }),
      { numRuns: RUNS },
    );
  });

  test('what is damaged or cut off: never an exception, nothing read beyond the frame', () => {
    fc.assert(
      fc.property(damagedFrame, (make) => {
        const frame = make(encodeFrame);
        const among = (byte: number) => {
          const bytes = new Uint8Array(frame.length + 256).fill(byte);
          bytes.set(frame, 128);
          return JSON.stringify(decodeFrame(bytes, 128, frame.length));
        };
        expect(among(0)).toBe(among(255));
        expect(among(0)).toBe(JSON.stringify(decodeFrame(frame)));
      }),
      { numRuns: RUNS },
    );
  });
});
