import type { CidCodec } from 'xdpkit/quic';
import { describedFrame } from 'xdpkit/wire';
import { generator } from '../generator.js';

const SOURCES = ['20.10.3.4', '81.2.69.3', '[2a00:1450::1]', '[2001:db8:100::9]'];
const TARGETS = ['198.51.100.7', '198.51.100.25', '[2001:db8:100::1]', '[2001:db8:100::25]'];
const VERSIONS = ['00000001', '00000001', '6b3343cf', '00000000', 'ff00001d'];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const byte = (value: number) => value.toString(16).padStart(2, '0');

/** Frames of all kinds that a steering tells apart, whole and damaged; the same for the same seed. */
export function* quicFrames(count: number, seed: number, codec: CidCodec, servers: number): Generator<Uint8Array> {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const bytes = (length: number) => Uint8Array.from({ length }, () => below(256));
  const fill = (target: Uint8Array) => target.set(bytes(target.length));
  for (let i = 0; i < count; i++) {
    const id = below(4) > 0 ? codec.encode(1 + below(servers + 3), fill) : bytes(below(21));
    const rest = hex(bytes(one([0, 8, 15, 16, 30])));
    const source = bytes(one([0, 8, 20, 21]));
    const lengths = [below(20) > 0 ? id.length : below(256), below(20) > 0 ? source.length : below(256)] as const;
    const long = `${byte(128 + below(128))}${one(VERSIONS)}${byte(lengths[0])}${hex(id)}${byte(lengths[1])}${hex(source)}`;
    const payload = (below(2) === 0 ? `${byte(below(128))}${hex(id)}` : long) + rest;
    const version = below(2);
    const [from, to] = [SOURCES[2 * version + below(2)], TARGETS[2 * version + below(2)]];
    const ports = [40_000 + below(8), below(10) > 0 ? 4433 : 443] as const;
    const frame = describedFrame(
      `${one(['', '', 'vlan 7 '])}udp ${from}:${ports[0]} > ${to}:${ports[1]} payload ${payload}`,
    );
    yield below(10) > 0 ? frame : frame.slice(0, 14 + below(frame.length - 13));
  }
}
