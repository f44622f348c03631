import { describe, expect, test } from 'vitest';
import { connectionIdKind, IPV4, IPV6, MAC, numberKind, PORT } from '../../dist/generator/field-kinds.js';
import { parseField } from '../../dist/generator/field-values.js';

const kinds = { mac: MAC, ipv4: IPV4, ipv6: IPV6, port: PORT, vlan: numberKind('a VLAN ID', 2, 4095) };
const kindOf = (name: string, text: string) =>
  name === 'id' ? connectionIdKind(text)! : kinds[name as keyof typeof kinds];

describe('values', () => {
  const cases: [string, number | string, { first: bigint; step?: bigint; count?: bigint; random?: boolean }][] = [
    ['port', 80, { first: 80n }],
    ['port', '0x50', { first: 80n }],
    ['port', '1000-1999', { first: 1000n, count: 1000n }],
    ['port', '1000-1999+10', { first: 1000n, step: 10n, count: 100n }],
    ['port', '1000-1999+999', { first: 1000n, step: 999n, count: 2n }],
    ['port', 'random:0-65535', { first: 0n, count: 65_536n, random: true }],
    ['port', 'random:5', { first: 5n }],
    ['port', '1024/6', { first: 1024n, count: 1024n }],
    ['ipv4', '10.0.0.1-10.0.0.9', { first: 0x0a000001n, count: 9n }],
    ['ipv4', '10.0.0.0/24', { first: 0x0a000000n, count: 256n }],
    ['ipv4', '10.0.0.0/24+4', { first: 0x0a000000n, step: 4n, count: 64n }],
    ['ipv4', '10.1.2.3/32', { first: 0x0a010203n }],
    ['ipv4', 'random:10.0.0.0/8', { first: 0x0a000000n, count: 1n << 24n, random: true }],
    ['ipv6', '2001:db8::/64', { first: 0x20010db8n << 96n, count: 1n << 64n }],
    ['ipv6', 'random:2001:db8::/64', { first: 0x20010db8n << 96n, count: 1n << 64n, random: true }],
    ['ipv6', '::1-::ffff', { first: 1n, count: 65_535n }],
    ['mac', '02:00:00:00:00:01-02:00:00:00:00:0A', { first: 0x020000000001n, count: 10n }],
    ['mac', '02:00:00:00:00:00/40', { first: 0x020000000000n, count: 256n }],
    ['vlan', '1-4095', { first: 1n, count: 4095n }],
    ['id', 'c0ffee', { first: 0xc0ffeen }],
    ['id', '0000-00ff+0x10', { first: 0n, step: 16n, count: 16n }],
    ['id', 'random:0000000000000000/0', { first: 0n, count: 1n << 64n, random: true }],
  ];
  test.each(cases)('%s %s', (name, text, expected) => {
    const kind = kindOf(name, String(text));
    expect(parseField(kind, text)).toEqual({ bytes: kind.bytes, step: 1n, count: 1n, random: false, ...expected });
  });
});

describe('what is refused', () => {
  const cases: [string, string, RegExp][] = [
    ['port', '65536', /"65536" is not a port from 0 to 65535/],
    ['port', '', /"" is not a port/],
    ['port', '-1', /"" is not a port/],
    ['port', '1.5', /"1.5" is not a port/],
    ['port', '9-1', /the range 9-1 ends before it begins/],
    ['port', '1-9+0', /"0" is no step/],
    ['port', '1-9+x', /"x" is no step/],
    ['port', '1-9+9', /the step 9 is longer than the range/],
    ['port', '5+1', /has a step, but is one value/],
    ['port', '1-2-3', /"2-3" is not a port/],
    ['vlan', '4096', /not a VLAN ID from 0 to 4095/],
    ['vlan', '0/4', /a VLAN ID from 0 to 4095 has no prefix/],
    ['ipv4', '10.0.0.1/24', /10.0.0.1 has bits behind its first 24/],
    ['ipv4', '10.0.0.0/33', /"33" is no prefix length from 0 to 32/],
    ['ipv4', '10.0.0.0/', /"" is no prefix length/],
    ['ipv4', '::1', /"::1" is not an IPv4 address/],
    ['ipv6', 'fe80::1%eth0', /is not an IPv6 address/],
    ['ipv6', 'random:::-::1:0:0:0', /needs a prefix/],
    ['ipv6', 'random:2001:db8::/64+2', /needs a prefix/],
    ['mac', '02:00:00:00:00', /is not a MAC address/],
    ['id', '0000-ffffff', /"ffffff" is not a connection ID of 2 bytes/],
  ];
  test.each(cases)('%s %s', (name, text, message) => {
    expect(() => parseField(kindOf(name, text), text)).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_USAGE', message: expect.stringMatching(message) }),
    );
  });
});

test('connection IDs have 1 to 20 bytes', () => {
  expect(connectionIdKind('ab')?.bytes).toBe(1);
  expect(connectionIdKind('ab'.repeat(20))?.bytes).toBe(20);
  for (const text of ['', 'abc', 'ab'.repeat(21), 'xy', 'random:']) expect(connectionIdKind(text)).toBeUndefined();
});
