import type { Random } from './random.js';

/** A small world, so that rules of {@link randomRules} meet the packets. */
export const WORLD = {
  ports: [42, 53, 443, 4433, 8080],
  macs: ['02:00:00:00:00:01', '02:00:00:00:00:02', 'ff:ff:ff:ff:ff:ff'],
  ipv4: ['10.0.0.1', '10.0.1.2', '192.0.2.1', '192.0.2.130'],
  ipv6: ['2001:db8::1', '2001:db8:0:1::2', 'fe80::1'],
  vlans: [0, 1, 100, 4095],
  etherTypes: [0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x88cc, 0x0600],
  protocols: [0, 1, 4, 6, 17, 41, 43, 44, 50, 51, 58, 59, 60, 132],
  versions: [0, 1, 0x6b3343cf, 2, 0xffffffff],
  cid: [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8],
} as const;

const u16 = (value: number) => [(value >> 8) & 255, value & 255];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];
const mac = (text: string) => text.split(':').map((part) => Number.parseInt(part, 16));
const ipv4 = (text: string) => text.split('.').map(Number);

function ipv6Bytes(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [front, back] = [words(head), words(tail ?? '')];
  const middle = new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...middle, ...back].flatMap(u16);
}

/** A frame of any kind: mostly sound, then perhaps cut off or with some bytes changed. At least 14 bytes. */
export function randomPacket(random: Random): Uint8Array {
  let frame = Uint8Array.from(ethernet(random));
  if (random.chance(0.15)) {
    frame = frame.slice();
    for (let n = random.between(1, 3); n > 0; n--) frame[random.below(frame.length)] = random.below(256);
  }
  if (random.chance(0.25)) frame = frame.slice(0, random.between(14, Math.max(14, frame.length)));
  else if (random.chance(0.3)) frame = Uint8Array.from([...frame, ...new Uint8Array(random.between(1, 30))]);
  if (frame.length < 14) frame = Uint8Array.from([...frame, ...new Uint8Array(14 - frame.length)]);
  return frame;
}

function ethernet(random: Random): number[] {
  const bytes = [...mac(random.pick(WORLD.macs)), ...mac(random.pick(WORLD.macs))];
  const tags = random.chance(0.7) ? 0 : random.between(1, 3);
  for (let tag = 0; tag < tags; tag++) {
    bytes.push(...u16(random.pick([0x8100, 0x88a8])), ...u16(random.pick(WORLD.vlans) | (random.below(16) << 12)));
  }
  const kind = random.below(20);
  if (kind < 9) return [...bytes, 8, 0, ...ipv4Packet(random, 2)];
  if (kind < 18) return [...bytes, 0x86, 0xdd, ...ipv6Packet(random, 2)];
  return [...bytes, ...u16(random.pick(WORLD.etherTypes)), ...random.bytes(random.below(60))];
}

function ipv4Packet(random: Random, depth: number): number[] {
  const options = random.chance(0.2) ? random.between(1, 10) : 0;
  const version = random.chance(0.03) ? random.below(16) : 4;
  const ihl = random.chance(0.03) ? random.below(16) : 5 + options;
  const fragment = random.chance(0.8)
    ? random.chance(0.5)
      ? 0x4000
      : 0
    : random.pick([0x2000, 0x2001, 0x0001, 0x1fff, 0x8000]);
  const [protocol, rest] = transport(random, 4, depth);
  return [
    ...[
      (version << 4) | ihl,
      random.below(256),
      ...u16(20 + rest.length),
      ...u16(random.below(65536)),
      ...u16(fragment),
    ],
    ...[random.pick([1, 64, 255, random.below(256)]), protocol, 0, 0],
    ...ipv4(random.pick(WORLD.ipv4)),
    ...ipv4(random.pick(WORLD.ipv4)),
    ...random.bytes(4 * options),
    ...rest,
  ];
}

function ipv6Packet(random: Random, depth: number): number[] {
  const [protocol, rest] = transport(random, 6, depth);
  const extensions: number[][] = [];
  const count = random.chance(0.6) ? 0 : random.pick([1, 1, 2, 3, 5, 6, 7]);
  const kinds = Array.from({ length: count }, () => random.pick([0, 43, 44, 51, 60]));
  for (const [i, kind] of kinds.entries()) {
    const next = kinds[i + 1] ?? protocol;
    if (kind === 44) {
      const field = random.chance(0.5) ? 0 : random.chance(0.7) ? 1 : random.pick([8, 9, 0xfff8, 6]);
      extensions.push([next, random.below(256), ...u16(field), ...random.bytes(4)]);
    } else if (kind === 51) {
      const words = random.pick([0, 1, 2, 4]);
      extensions.push([next, words, ...random.bytes(4 * (words + 2) - 2)]);
    } else {
      const eights = random.pick([0, 0, 1, 2]);
      extensions.push([next, eights, ...random.bytes(8 * (eights + 1) - 2)]);
    }
  }
  const version = random.chance(0.03) ? random.below(16) : 6;
  const body = [...extensions.flat(), ...rest];
  return [
    ...[(version << 4) | random.below(16), random.below(256), 0, 0, ...u16(body.length), kinds[0] ?? protocol],
    random.pick([1, 64, 255]),
    ...ipv6Bytes(random.pick(WORLD.ipv6)),
    ...ipv6Bytes(random.pick(WORLD.ipv6)),
    ...body,
  ];
}

function transport(random: Random, version: 4 | 6, depth: number): [number, number[]] {
  const port = () => u16(random.chance(0.8) ? random.pick(WORLD.ports) : random.below(65536));
  const kind = random.below(20);
  if (kind < 8) return [17, [...port(), ...port(), 0, 0, 0, 0, ...payload(random)]];
  if (kind < 14) {
    const words = random.chance(0.7) ? 5 : random.below(16);
    const options = random.bytes(Math.max(0, words - 5) * 4);
    const header = [...port(), ...port(), ...random.bytes(8), words << 4, random.below(256), ...random.bytes(6)];
    return [6, [...header, ...options, ...payload(random)]];
  }
  if (kind < 17) {
    const type = random.pick([0, 8, 128, 129, 3]);
    return [
      version === 4 || random.chance(0.1) ? 1 : 58,
      [type, random.below(4), ...random.bytes(6), ...payload(random)],
    ];
  }
  if (kind < 19 && depth > 0) {
    const inner = random.chance(0.5);
    return inner ? [4, ipv4Packet(random, depth - 1)] : [41, ipv6Packet(random, depth - 1)];
  }
  return [random.pick(WORLD.protocols), [...random.bytes(random.below(40))]];
}

/** QUIC, or anything. */
function payload(random: Random): number[] {
  if (random.chance(0.3)) return [...random.bytes(random.below(20))];
  const id = (length: number) => WORLD.cid.slice(0, length);
  if (random.chance(0.3)) return [random.below(128), ...id(20), ...random.bytes(random.below(8))];
  const lengths = [random.pick([0, 4, 8, 20, 21]), random.pick([0, 4, 8, 20, 21, 255])];
  return [
    ...[0x80 | random.below(128), ...u32(random.pick(WORLD.versions))],
    ...[lengths[0]!, ...id(lengths[0]!), lengths[1]!, ...id(Math.min(lengths[1]!, 24))],
    ...random.bytes(random.below(6)),
  ];
}
