import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, type Frame, IpProtocol, PacketHeaders } from '../../dist/wire/index.js';
import { damagedFrame, ipFrame } from './arbitrary-frame.js';

const of = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const read = (bytes: Uint8Array) => new PacketHeaders().read(bytes, 0, bytes.length);

test('headers stand where they were put', () => {
  const headers = new PacketHeaders();
  fc.assert(
    fc.property(ipFrame, fc.nat(7), fc.nat(9), (frame, start, padding) => {
      const bytes = encodeFrame({ ...frame, trailer: new Uint8Array(padding) });
      const memory = new Uint8Array(start + bytes.length);
      memory.set(bytes, start);
      const tags = frame.vlan?.length ?? 0;
      const network = start + 14 + 4 * tags;
      const ip = frame.network!;
      const version = ip.kind === 'ipv4' ? 4 : 6;
      const options = ip.kind === 'ipv4' ? ip.options!.length : 0;
      const transport = network + (version === 4 ? 20 + options : 40);
      const header = frame.transport!;
      const { kind } = header;
      const tcpOptions = header.kind === 'tcp' ? header.options!.length : 0;
      expect(headers.read(memory, start, bytes.length)).toMatchObject({
        start,
        end: start + bytes.length,
        vlanTags: tags,
        etherType: version === 4 ? 0x0800 : 0x86dd,
        network,
        ipVersion: version,
        packetEnd: start + bytes.length - padding,
        isFragment: false,
        protocol: kind === 'icmp' ? (version === 4 ? 1 : 58) : IpProtocol[kind],
        transport,
        payload: transport + (kind === 'tcp' ? 20 + tcpOptions : 8),
      });
    }),
    { numRuns: 1000 },
  );
});

const IPV6: Frame = {
  ethernet: { destination: '02:00:00:00:00:02', source: '02:00:00:00:00:01' },
  network: { kind: 'ipv6', source: '2001:db8::1', destination: '2001:db8::2' },
  transport: { kind: 'udp', sourcePort: 1, destinationPort: 2 },
};
const withExtensions = (nextHeader: number, hex: string) =>
  encodeFrame({ ...IPV6, network: { ...IPV6.network!, kind: 'ipv6', nextHeader, extensions: of(hex) } as never });

test('IPv6 extension headers are skipped, whatever their order (RFC 8200, section 4)', () => {
  // Hop-by-hop (8 bytes), routing (24), authentication (4 * (4 + 2) = 24), destination options (16), then UDP.
  const chain = `2b 00 0104 00000000   33 02 0401 00000000 ${'00'.repeat(16)}   3c 04 0000 ${'11'.repeat(20)}   11 01 010c ${'00'.repeat(12)}`;
  const headers = read(withExtensions(IpProtocol.hopByHop, chain));
  expect(headers).toMatchObject({
    protocol: IpProtocol.udp,
    transport: 54 + 72,
    payload: 54 + 72 + 8,
    isFragment: false,
  });
});

test('fragments: the first one has a transport header, later ones have none', () => {
  const first = read(withExtensions(IpProtocol.fragment, '11 00 0001 00000007'));
  expect(first).toMatchObject({ isFragment: true, protocol: 17, transport: 62, payload: 70 });
  const atomic = read(withExtensions(IpProtocol.fragment, '11 00 0000 00000007'));
  expect(atomic).toMatchObject({ isFragment: false, transport: 62 });
  const later = read(withExtensions(IpProtocol.fragment, '11 00 0009 00000007'));
  expect(later).toMatchObject({ isFragment: true, protocol: 17, transport: -1, payload: -1 });

  const ipv4 = (fields: object) =>
    read(encodeFrame({ ...IPV6, network: { kind: 'ipv4', source: '10.0.0.1', destination: '10.0.0.2', ...fields } }));
  expect(ipv4({ moreFragments: true })).toMatchObject({ isFragment: true, transport: 34 });
  expect(ipv4({ fragmentOffset: 8 })).toMatchObject({ isFragment: true, protocol: 17, transport: -1 });
});

test('no next header, unknown protocols, and a chain that is cut off', () => {
  expect(read(withExtensions(IpProtocol.noNextHeader, ''))).toMatchObject({ protocol: 59, transport: -1 });
  expect(read(withExtensions(200, ''))).toMatchObject({ protocol: 200, transport: 54, payload: -1 });
  const cut = withExtensions(IpProtocol.hopByHop, '11 09 0104 00000000');
  expect(read(cut)).toMatchObject({ ipVersion: 6, protocol: 17, transport: -1 });
  expect(read(cut.subarray(0, 58))).toMatchObject({ ipVersion: 6, protocol: -1, transport: -1 });
});

test('nothing is read beyond the frame, and every offset lies in it', () => {
  fc.assert(
    fc.property(damagedFrame, (make) => {
      const frame = make(encodeFrame);
      const among = (byte: number) => {
        const bytes = new Uint8Array(frame.length + 600).fill(byte);
        bytes.set(frame, 300);
        return { ...new PacketHeaders().read(bytes, 300, frame.length) };
      };
      const found = among(0);
      expect(among(255)).toEqual(found);
      const { end, packetEnd, network, transport, payload } = found;
      expect(packetEnd).toBeLessThanOrEqual(end);
      for (const at of [network, transport, payload]) expect(at === -1 || (at >= 300 && at <= end)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
