// needs: tshark
import { expect, test } from 'vitest';
import { type FrameDescription, FrameWriter, parseFrameFields, planFrames } from '../../dist/generator/index.js';
import { CHECK_CHECKSUMS, pcapOf, tsharkFields, withFile } from '../wire/tshark.js';

const COUNT = 300;

/** What tshark finds in the first frames of a description. */
function dissect<F extends string>(description: FrameDescription, fields: readonly F[]): Record<F, string>[] {
  const plan = planFrames(parseFrameFields(description, (key) => key));
  const memory = new Uint8Array(16_384);
  const writer = new FrameWriter(plan, memory);
  const frames = Array.from({ length: COUNT }, (_, n) => memory.slice(0, writer.write(n, 0, n * 1000)));
  const found = withFile(pcapOf(frames), (path) => tsharkFields(path, fields, CHECK_CHECKSUMS));
  expect(found).toHaveLength(COUNT);
  return found;
}
const each = <T>(of: (n: number) => T) => Array.from({ length: COUNT }, (_, n) => of(n));
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

test('UDP over IPv4 with two tags: addresses, ports and IDs step', () => {
  const found = dissect(
    {
      sourceMac: '02:00:00:00:00:fe-02:00:00:00:01:05',
      destinationMac: '02:aa:00:00:00:00/40',
      vlan: ['10-19@5', '100'],
      source: '10.0.0.250-10.0.1.9',
      destination: '192.0.2.0/30',
      identification: '65530-65535',
      sourcePort: '1000-1999+500',
      destinationPort: 53,
      dscp: 46,
      ttl: 9,
      size: '100:2,200:1',
      payload: 'pattern',
    },
    [
      'eth.src',
      'eth.dst',
      'ieee8021ad.id',
      'ieee8021ad.priority',
      'vlan.id',
      'ip.src',
      'ip.dst',
      'ip.id',
      'ip.dsfield.dscp',
      'ip.ttl',
      'ip.checksum.status',
      'udp.srcport',
      'udp.dstport',
      'udp.checksum.status',
      'frame.len',
    ] as const,
  );
  const sizes = [100, 200, 100];
  expect(found).toEqual(
    each((n) => ({
      'eth.src': `02:00:00:00:${hex((0xfe + (n % 8)) >> 8, 2)}:${hex((0xfe + (n % 8)) & 255, 2)}`,
      'eth.dst': `02:aa:00:00:00:${hex(n % 256, 2)}`,
      'ieee8021ad.id': String(10 + (n % 10)),
      'ieee8021ad.priority': '5',
      'vlan.id': '100',
      'ip.src': n % 16 < 6 ? `10.0.0.${250 + (n % 16)}` : `10.0.1.${(n % 16) - 6}`,
      'ip.dst': `192.0.2.${n % 4}`,
      'ip.id': `0x${hex(65_530 + (n % 6), 4)}`,
      'ip.dsfield.dscp': '46',
      'ip.ttl': '9',
      'ip.checksum.status': '1',
      'udp.srcport': String(1000 + (n % 2) * 500),
      'udp.dstport': '53',
      'udp.checksum.status': '1',
      'frame.len': String(sizes[n % 3]),
    })),
  );
});

test('TCP over IPv6: flags, sequence numbers, a flow label', () => {
  const found = dissect(
    {
      source: '2001:db8::/120',
      destination: '2001:db8:1::1',
      flowLabel: '0x10000-0x10003',
      protocol: 'tcp',
      tcpFlags: 'syn,ece,cwr',
      tcpSequence: '4294967200-4294967295',
      sourcePort: 443,
      destinationPort: '1-65535',
    },
    [
      'ipv6.src',
      'ipv6.dst',
      'ipv6.flow',
      'tcp.flags',
      'tcp.seq_raw',
      'tcp.srcport',
      'tcp.dstport',
      'tcp.checksum.status',
    ] as const,
  );
  expect(found).toEqual(
    each((n) => ({
      'ipv6.src': n % 256 === 0 ? '2001:db8::' : `2001:db8::${(n % 256).toString(16)}`,
      'ipv6.dst': '2001:db8:1::1',
      'ipv6.flow': `0x${hex(0x10000 + (n % 4), 6)}`,
      'tcp.flags': '0x00c2',
      'tcp.seq_raw': String(4_294_967_200 + (n % 96)),
      'tcp.srcport': '443',
      'tcp.dstport': String(n + 1),
      'tcp.checksum.status': '1',
    })),
  );
});

test('echo requests of ICMP and ICMPv6', () => {
  const four = dissect({ protocol: 'icmp', icmpIdentifier: 77, source: '10.0.0.0/8' }, [
    'ip.src',
    'icmp.type',
    'icmp.ident',
    'icmp.seq',
    'icmp.checksum.status',
  ] as const);
  expect(four).toEqual(
    each((n) => ({
      'ip.src': `10.0.${n >> 8}.${n & 255}`,
      'icmp.type': '8',
      'icmp.ident': '77',
      'icmp.seq': String(n),
      'icmp.checksum.status': '1',
    })),
  );
  const six = dissect({ protocol: 'icmp', source: 'random:2001:db8::/64', payload: 'measure' }, [
    'icmpv6.type',
    'icmpv6.echo.sequence_number',
    'icmpv6.checksum.status',
  ] as const);
  expect(six).toEqual(
    each((n) => ({ 'icmpv6.type': '128', 'icmpv6.echo.sequence_number': String(n), 'icmpv6.checksum.status': '1' })),
  );
});

test('QUIC with long headers: connection IDs and versions', () => {
  const fields = ['quic.version', 'quic.long.packet_type', 'quic.dcid', 'quic.scid', 'udp.checksum.status'] as const;
  const kinds = [
    ['initial', '0'],
    ['0rtt', '1'],
    ['handshake', '2'],
  ] as const;
  for (const [quicPacket, type] of kinds) {
    const ids = {
      connectionId: 'c0ff00-c0ffff',
      sourceConnectionId: '0000000000000000-0700000000000000+72057594037927936',
    };
    const found = dissect({ protocol: 'quic', quicPacket, ...ids, size: 1242, payload: 'random' }, fields);
    expect(found).toEqual(
      each((n) => ({
        'quic.version': '0x00000001',
        'quic.long.packet_type': type,
        'quic.dcid': `c0ff${hex(n % 256, 2)}`,
        'quic.scid': `${hex(n % 8, 2)}00000000000000`,
        'udp.checksum.status': '1',
      })),
    );
  }
  const second = dissect({ protocol: 'quic', quicPacket: 'handshake', quicVersion: 2 }, [
    'quic.version',
    'quic.long.packet_type_v2',
    'quic.dcid',
  ] as const);
  expect(second[0]).toEqual({
    'quic.version': '0x6b3343cf',
    'quic.long.packet_type_v2': '3',
    'quic.dcid': 'c0c1c2c3c4c5c6c7',
  });
});

test('QUIC with short headers: the connection ID stands behind the first byte', () => {
  const found = dissect({ protocol: 'quic', connectionId: 'aabb0000-aabbffff', destinationPort: 443 }, [
    'udp.payload',
    'udp.checksum.status',
  ] as const);
  for (const [n, { 'udp.payload': payload, 'udp.checksum.status': status }] of found.entries()) {
    expect([payload.slice(0, 10), status]).toEqual([`41aabb${hex(n, 4)}`, '1']);
  }
});

test('chance: each value among those described, checksums right', () => {
  const found = dissect(
    {
      source: 'random:10.1.0.0/16',
      destination: 'random:10.2.0.1-10.2.0.3',
      destinationPort: 'random:1000-1999+250',
      sourceMac: 'random:02:00:00:00:00:00/8',
      payload: 'measure',
      size: 'random:67-70',
    },
    ['ip.src', 'ip.dst', 'udp.dstport', 'eth.src', 'ip.checksum.status', 'udp.checksum.status', 'frame.len'] as const,
  );
  const seen = { 'ip.dst': new Set<string>(), 'udp.dstport': new Set<string>(), 'frame.len': new Set<string>() };
  for (const fields of found) {
    expect(fields['ip.src']).toMatch(/^10\.1\./);
    expect(fields['eth.src']).toMatch(/^02:/);
    expect([fields['ip.checksum.status'], fields['udp.checksum.status']]).toEqual(['1', '1']);
    for (const [name, values] of Object.entries(seen)) values.add(fields[name as keyof typeof seen]);
  }
  expect([...seen['ip.dst']].sort()).toEqual(['10.2.0.1', '10.2.0.2', '10.2.0.3']);
  expect([...seen['udp.dstport']].sort()).toEqual(['1000', '1250', '1500', '1750']);
  expect([...seen['frame.len']].sort()).toEqual(['67', '68', '69', '70']);
});
