import fc from 'fast-check';
import { type Frame, ipv4Text, ipv6Text, macText } from '../../dist/wire/index.js';

/** Frames of every kind that can be described, each with all of its fields chosen. */

const number = (max: number) => fc.oneof(fc.constantFrom(0, 1, max), fc.integer({ min: 0, max }));
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const words = (max: number, unit: number) => fc.integer({ min: 0, max }).chain((count) => bytes(count * unit));

const mac = bytes(6).map((value) => macText(value));
const ipv4Address = bytes(4).map((value) => ipv4Text(value));
const ipv6Address = fc
  .tuple(bytes(16), fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 7 }))
  .map(([value, zeros]) => {
    for (const group of zeros) value.fill(0, group * 2, group * 2 + 2);
    return ipv6Text(value);
  });

const ethernet = fc.record({ destination: mac, source: mac });
const tag = fc.record({ id: number(4095), priority: number(7), dropEligible: fc.boolean() });

const arp = fc.record({
  kind: fc.constant('arp' as const),
  operation: fc.constantFrom('request' as const, 'reply' as const),
  senderMac: mac,
  senderIp: ipv4Address,
  targetMac: mac,
  targetIp: ipv4Address,
});
const ipv4 = fc.record({
  kind: fc.constant('ipv4' as const),
  source: ipv4Address,
  destination: ipv4Address,
  dscp: number(63),
  ecn: number(3),
  identification: number(0xffff),
  dontFragment: fc.boolean(),
  ttl: number(255),
  // "No operation" (RFC 791): any number of them is well-formed.
  options: words(10, 4).map((value) => value.fill(1)),
});
const ipv6 = fc.record({
  kind: fc.constant('ipv6' as const),
  source: ipv6Address,
  destination: ipv6Address,
  dscp: number(63),
  ecn: number(3),
  flowLabel: number(0xfffff),
  hopLimit: number(255),
});

const udp = fc.record({
  kind: fc.constant('udp' as const),
  sourcePort: number(0xffff),
  destinationPort: number(0xffff),
});
const tcp = fc.record({
  kind: fc.constant('tcp' as const),
  sourcePort: number(0xffff),
  destinationPort: number(0xffff),
  sequence: number(0xffff_ffff),
  acknowledgment: number(0xffff_ffff),
  flags: number(255),
  window: number(0xffff),
  urgent: number(0xffff),
  options: words(10, 4).map((value) => value.fill(1)),
});
const icmp = fc.record({
  kind: fc.constant('icmp' as const),
  type: number(255),
  code: number(255),
  identifier: number(0xffff),
  sequence: number(0xffff),
});

const payload = fc.uint8Array({ maxLength: 80 });
const vlan = fc.array(tag, { maxLength: 3 });

export const ipFrame: fc.Arbitrary<Frame> = fc.record({
  ethernet,
  vlan,
  network: fc.oneof(ipv4, ipv6),
  transport: fc.oneof(udp, tcp, icmp),
  payload,
});
const arpFrame: fc.Arbitrary<Frame> = fc.record({ ethernet, vlan, network: arp });
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 6, arbitrary: ipFrame },
  { weight: 1, arbitrary: arpFrame },
  { weight: 1, arbitrary: fc.record({ ethernet, vlan, network: fc.oneof(ipv4, ipv6), payload }) },
  { weight: 1, arbitrary: fc.record({ ethernet, vlan, payload }) },
);

/** Bytes that are no frame, or one with some of its bytes changed or cut off. */
export const damagedFrame: fc.Arbitrary<(encode: (frame: Frame) => Uint8Array) => Uint8Array> = fc
  .tuple(anyFrame, fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 4 }), fc.nat(140))
  .map(([frame, changes, length]) => (encode: (frame: Frame) => Uint8Array) => {
    const damaged = encode(frame).slice(0, length);
    for (const [at, byte] of changes) if (at < damaged.length) damaged[at] = byte;
    return damaged;
  });
