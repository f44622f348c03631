import type { Random } from './random.js';

/** A frame that programs for IP make something of: VLAN tags, both versions, options, ports, and seldom noise. */
export function randomFrame(random: Random): Uint8Array {
  if (random.chance(0.1)) return random.bytes(random.between(14, 80));
  const isIpv4 = random.chance(0.75);
  const protocol = random.pick([1, 4, 6, 17, 17, 17]);
  const tags = Array.from({ length: random.pick([0, 0, 0, 1, 2, 3]) }, () => [
    random.pick([0x8100, 0x88a8]),
    random.below(4096),
  ]);
  const payload = random.bytes(random.between(0, 60));
  const ports = [random.u32() & 0xffff, random.pick([53, 443, 4433, 4440, 4441, random.u32() & 0xffff])];
  const transport = [...u16s(...ports, 8 + payload.length, 0), ...payload];
  const frame = [
    ...random.bytes(12),
    ...tags.flatMap((tag) => u16s(...tag)),
    ...u16s(isIpv4 ? 0x0800 : 0x86dd),
    ...(isIpv4 ? ipv4(random, protocol, transport.length) : ipv6(random, protocol, transport.length)),
    ...transport,
  ];
  const cut = random.chance(0.1) ? random.between(14, frame.length) : frame.length;
  return Uint8Array.from(frame.slice(0, cut));
}

function ipv4(random: Random, protocol: number, length: number): number[] {
  const options = [...random.bytes(4 * random.pick([0, 0, 0, 1, 5, 10]))];
  const header = [
    0x45 + options.length / 4,
    0,
    ...u16s(20 + options.length + length, 1, random.chance(0.9) ? 0 : random.below(0x2000)),
    random.below(256),
    protocol,
    0,
    0,
    ...[10, random.below(2), random.below(3), random.below(4)],
    ...[10, 0, 0, 2],
    ...options,
  ];
  if (random.chance(0.1)) header[0] = 0x40 + random.below(16);
  let sum = 0;
  for (let i = 0; i < header.length; i += 2) sum += (header[i]! << 8) | header[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  if (random.chance(0.8)) [header[10], header[11]] = [(~sum >> 8) & 0xff, ~sum & 0xff];
  return header;
}

function ipv6(random: Random, protocol: number, length: number): number[] {
  return [0x60, 0, 0, 0, ...u16s(length), protocol, 64, ...random.bytes(32)];
}

/** Numbers in network order. */
function u16s(...numbers: number[]): number[] {
  return numbers.flatMap((number) => [(number >> 8) & 0xff, number & 0xff]);
}
