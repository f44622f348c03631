import type { CidCodec } from '../../dist/quic/index.js';
import { encodeFrame } from '../../dist/wire/index.js';
import type { Random } from '../rules/random.js';
import { randomPacket } from '../rules/random-packets.js';

const ADDRESSES4 = ['10.0.0.1', '10.0.0.2', '192.0.2.1', '198.51.100.7'];
const ADDRESSES6 = ['2001:db8::1', '2001:db8::2', 'fd00::7'];
const VERSIONS = [1, 1, 1, 0x6b3343cf, 0x6b3343cf, 0, 0xff00001d, 0x0a1a2a3a];
const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** A QUIC packet over UDP: mostly sound, with IDs of the codec's servers or anybody's; then perhaps cut off or damaged. Or any frame. */
export function randomQuicFrame(random: Random, codec: CidCodec, servers: readonly number[]): Uint8Array {
  if (random.chance(0.05)) return randomPacket(random);
  const isSix = random.chance(0.4);
  const address = () => random.pick(isSix ? ADDRESSES6 : ADDRESSES4);
  const port = () => random.pick([1024, 40_000, 50_001, 60_000]);
  const tags = random.chance(0.8) ? 0 : random.between(1, 2);
  let frame = encodeFrame({
    ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' },
    vlan: Array.from({ length: tags }, () => ({ id: random.between(1, 4094) })),
    network: isSix
      ? { kind: 'ipv6', source: address(), destination: address() }
      : { kind: 'ipv4', source: address(), destination: address() },
    transport: { kind: 'udp', sourcePort: port(), destinationPort: random.chance(0.95) ? 4433 : port() },
    payload: payload(random, codec, servers),
  });
  if (random.chance(0.05)) frame[random.below(frame.length)] = random.below(256);
  if (random.chance(0.08)) frame = frame.slice(0, random.between(14, frame.length));
  return frame;
}

function payload(random: Random, codec: CidCodec, servers: readonly number[]): Uint8Array {
  const fill = (bytes: Uint8Array) => bytes.set(random.bytes(bytes.length));
  const id = random.chance(0.7) ? codec.encode(random.pick(servers), fill) : random.bytes(random.below(21));
  // What counts IDs is to meet some of them again.
  if (random.chance(0.5)) id.fill(random.below(3), Math.min(id.length, codec.shortest));
  const rest = random.bytes(random.pick([0, 10, 15, 16, 20, 30, 60]));
  if (random.chance(0.5)) return Uint8Array.of(0x40 | random.below(64), ...id, ...rest);
  const source = random.bytes(random.pick([0, 0, 8, 20, 21]));
  const lengths = [
    random.chance(0.95) ? id.length : random.below(256),
    random.chance(0.95) ? source.length : random.below(256),
  ];
  const first = 0x80 | random.below(128);
  return Uint8Array.of(first, ...u32(random.pick(VERSIONS)), lengths[0]!, ...id, lengths[1]!, ...source, ...rest);
}
