import fc from 'fast-check';
import type { FrameDescription } from '../../dist/generator/index.js';
import { ipv4Text, ipv6Text, macText } from '../../dist/wire/index.js';

/** Descriptions of frames of every kind, with fields that stay, step, or are chosen by chance. */

const bytesOf = (value: bigint, length: number) =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n));

/** How a field of so many bits may be written. */
function varying(bits: number, max: bigint, text: (value: bigint) => string): fc.Arbitrary<string> {
  const value = fc.bigInt({ min: 0n, max });
  const span = fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: 70_000n }));
  const range = fc.tuple(value, span, fc.bigInt({ min: 1n, max: 300n })).map(([start, span, step]) => {
    const first = start + span > max ? (max > span ? max - span : 0n) : start;
    const last = first + (span > max ? max : span);
    return last - first >= step && step > 1n
      ? `${text(first)}-${text(last)}+${step}`
      : first === last
        ? text(first)
        : `${text(first)}-${text(last)}`;
  });
  const prefix = fc.tuple(value, fc.integer({ min: Math.max(0, bits - 70), max: bits })).map(([value, length]) => {
    const rest = BigInt(bits - length);
    return `${text((value >> rest) << rest)}/${length}`;
  });
  const whole = max === (1n << BigInt(bits)) - 1n;
  const steps = whole ? fc.oneof(range, prefix) : range;
  return fc.oneof(
    value.map(text),
    steps,
    steps.filter((steps) => !steps.includes('+')).map((steps) => `random:${steps}`),
  );
}

const number = (bits: number, max: number) => varying(bits, BigInt(max), String);
const mac = varying(48, (1n << 48n) - 1n, (value) => macText(bytesOf(value, 6)));
const ipv4 = varying(32, (1n << 32n) - 1n, (value) => ipv4Text(bytesOf(value, 4)));
const ipv6 = varying(128, (1n << 128n) - 1n, (value) => ipv6Text(bytesOf(value, 16)));
const port = number(16, 0xffff);
const tag = fc.tuple(number(16, 4095), fc.option(fc.nat(7))).map(([id, priority]) => {
  return priority === null ? id : `${id}@${priority}`;
});
const connectionId = fc.integer({ min: 0, max: 20 }).chain((length) => {
  const hex = (value: bigint) => value.toString(16).padStart(length * 2, '0');
  return length === 0 ? fc.constant('none') : varying(length * 8, (1n << BigInt(length * 8)) - 1n, hex);
});

const transports = [
  fc.record({ protocol: fc.constant('udp' as const), sourcePort: port, destinationPort: port }),
  fc.record({
    protocol: fc.constant('tcp' as const),
    sourcePort: port,
    destinationPort: port,
    tcpFlags: fc.constantFrom('syn', 'syn,ack', 'fin,psh,ack', 'cwr,ece,urg,rst'),
    tcpSequence: number(32, 0xffff_ffff),
  }),
  fc.record({ protocol: fc.constant('icmp' as const), icmpIdentifier: port, icmpSequence: port }),
  fc.record({
    protocol: fc.constant('quic' as const),
    sourcePort: port,
    destinationPort: port,
    connectionId,
  }),
  fc.record({
    protocol: fc.constant('quic' as const),
    quicPacket: fc.constantFrom('initial' as const, '0rtt' as const, 'handshake' as const),
    quicVersion: fc.constantFrom(1, 2),
    connectionId,
    sourceConnectionId: connectionId,
  }),
];
const networks = [
  fc.record({ source: ipv4, destination: ipv4, identification: port }),
  fc.record({ source: ipv6, destination: ipv6, flowLabel: number(32, 0xfffff) }),
];
const payloads = [
  fc.record({ payload: fc.constantFrom('zeros', 'pattern', 'random', 'text:xdpkit', 'hex:00ff7f') }),
  fc.record({ payload: fc.constant('measure'), stream: fc.nat(0xffff_ffff) }),
];
const size = fc.oneof(
  fc.integer({ min: 200, max: 1500 }),
  fc.tuple(fc.integer({ min: 200, max: 300 }), fc.integer({ min: 301, max: 330 })).map(([a, b]) => `${a}-${b}`),
  fc.constantFrom('200:7,576:4,1500:1', 'random:200:7,576:4,1501:1', 'random:201-230'),
);

/** With all fields of its kind written out, so that what is expected of them is known. */
export const description: fc.Arbitrary<FrameDescription> = fc
  .tuple(
    fc.record({ sourceMac: mac, destinationMac: mac, vlan: fc.array(tag, { maxLength: 2 }) }),
    fc.oneof(...networks),
    fc.oneof(...transports),
    fc.oneof(...payloads),
    fc.record({ dscp: fc.nat(63), ttl: fc.nat(255), size, seed: fc.nat(0xffff_ffff) }),
  )
  .map(([link, network, transport, payload, rest]): FrameDescription => {
    return { ...link, ...network, ...transport, ...payload, ...rest };
  });
