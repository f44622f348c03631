import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrame, describedFrame, summary } from '../../dist/wire/index.js';

const line = (text: string) => {
  const frame = describedFrame(text);
  return summary(frame, 0, frame.length);
};

describe('a frame described in one line', () => {
  test.each([
    ['udp 10.0.0.1:5000 > 10.0.0.2:443', 'UDP 10.0.0.1:5000 > 10.0.0.2:443, 42 bytes'],
    ['udp 10.0.0.1 > 10.0.0.2', 'UDP 10.0.0.1:1024 > 10.0.0.2:9, 42 bytes'],
    ['UDP 10.0.0.1:1 > 10.0.0.2:2, 60 bytes', 'UDP 10.0.0.1:1 > 10.0.0.2:2, 60 bytes'],
    ['tcp [2001:db8::1]:1 > [2001:db8::2]:2', 'TCP [2001:db8::1]:1 > [2001:db8::2]:2, 74 bytes'],
    ['vlan 7 vlan 8 icmp 10.0.0.1 > 10.0.0.2', 'vlan 7 vlan 8 ICMP 10.0.0.1 > 10.0.0.2, 50 bytes'],
    ['icmpv6 fe80::1 > fe80::2', 'ICMPv6 [fe80::1] > [fe80::2], 62 bytes'],
    ['protocol 253 10.0.0.1 > 10.0.0.2', 'protocol 253 10.0.0.1 > 10.0.0.2, 34 bytes'],
  ])('%s', (text, expected) => {
    expect(line(text)).toBe(expected);
  });

  test('all words', () => {
    const text =
      'tcp 10.0.0.1:1 > 10.0.0.2:2 flags syn,ack ttl 3 dscp 46 payload c0ff src-mac 02:00:00:00:00:09 dst-mac 02:00:00:00:00:08';
    expect(decodeFrame(describedFrame(text))).toMatchObject({
      ethernet: { source: '02:00:00:00:00:09', destination: '02:00:00:00:00:08' },
      network: { ttl: 3, dscp: 46 },
      transport: { flags: 18 },
      payload: Uint8Array.of(0xc0, 0xff),
    });
    expect(decodeFrame(describedFrame('icmp 10.0.0.1 > 10.0.0.2 type 3 code 1'))).toMatchObject({
      transport: { type: 3, code: 1 },
    });
  });

  test('reads what summary writes', () => {
    const port = fc.integer({ min: 0, max: 65535 });
    const v4 = fc.ipV4();
    const described = fc
      .tuple(
        fc.constantFrom('UDP', 'TCP'),
        v4,
        port,
        v4,
        port,
        fc.integer({ min: 60, max: 1514 }),
        fc.option(fc.integer({ min: 0, max: 4095 })),
      )
      .map(
        ([name, a, p, b, q, size, vlan]) =>
          `${vlan === null ? '' : `vlan ${vlan} `}${name} ${a}:${p} > ${b}:${q}, ${size} bytes`,
      );
    fc.assert(
      fc.property(described, (text) => {
        expect(line(text)).toBe(text);
      }),
    );
  });

  test.each([
    ['', 'a protocol is missing'],
    ['udo 10.0.0.1 > 10.0.0.2', 'a protocol, not "udo"'],
    ['udp 10.0.0.300 > 10.0.0.2', 'an address, not "10.0.0.300"'],
    ['udp 10.0.0.1:70000 > 10.0.0.2', 'a port is 0 to 65535, not 70000'],
    ['udp 10.0.0.1 10.0.0.2', "'>' between source and destination"],
    ['udp 10.0.0.1 > ::1', 'both addresses of one family'],
    ['icmp 10.0.0.1:1 > 10.0.0.2', 'ports only for UDP and TCP'],
    ['tcp 10.0.0.1 > 10.0.0.2 flags sin', 'a TCP flag is fin, syn, rst, psh, ack, urg, ece, cwr; not sin'],
    ['udp 10.0.0.1 > 10.0.0.2 payload c0f', 'a payload is hexadecimal digits, two to a byte'],
    ['udp 10.0.0.1 > 10.0.0.2 20 bytes', 'at least 42 bytes: so long are its headers and payload'],
    ['udp 10.0.0.1 > 10.0.0.2 colour blue', 'no word "colour"'],
    ['vlan 1 vlan 2 vlan 3 udp 10.0.0.1 > 10.0.0.2', 'at most two VLAN tags'],
  ])('%j is none', (text, reason) => {
    expect(() => describedFrame(text)).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_USAGE', message: expect.stringContaining(reason) }),
    );
  });
});
