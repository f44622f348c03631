import { describedFrame } from 'xdpkit/wire';
import { generator } from '../generator.js';

const SOURCES4 = ['20.10.3.4', '10.1.2.3', '178.70.67.8', '11.3.102.5', '222.249.33.9', '198.51.100.9', '81.2.69.3'];
const SOURCES6 = ['2a00:1450::1', 'fc00::1', '2001:db8:666::1', '2001:db8:100::9', '64:ff9b::1'];
const TARGETS4 = ['198.51.100.7', '198.51.100.25', '198.51.100.53', '198.51.100.70', '198.51.100.123', '203.0.114.1'];
const TARGETS6 = [
  '2001:db8:100::1',
  '2001:db8:100::25',
  '2001:db8:100::53',
  '2001:db8:100:80::1',
  'fe80::1',
  '2600::1',
];
const PORTS = [
  0, 7, 9, 22, 23, 25, 42, 53, 56, 80, 104, 111, 123, 135, 139, 140, 161, 389, 443, 445, 465, 500, 1023, 1024, 1900,
  1991, 2323, 4500, 11211, 15190, 32767, 32768, 40000, 51820, 60999, 61000, 62229, 65164, 65535,
];
const FLAGS = ['ack', 'syn', 'syn,ack', 'syn,fin', 'syn,rst', 'fin', 'fin,ack', 'fin,psh,urg', 'rst', 'ece', 'psh,ack'];
const TAGS = ['', 'vlan 7 ', 'vlan 4000 ', 'vlan 3950 ', 'vlan 7 vlan 1 '];
const MACS = ['', ' src-mac 02:00:5e:23:2f:8a', ' dst-mac 01:80:c2:00:00:00'];
const EXTENSIONS = [0, 43, 44, 51, 60];
const ETHERNET = 14;
const TAG = 4;

/** Frames of all kinds that filters tell apart, whole and damaged; the same for the same seed. */
export function* mixedFrames(count: number, seed: number): Generator<Uint8Array> {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!;
  for (let i = 0; i < count; i++) {
    let frame = describedFrame(description(one, below));
    if (below(3) === 0) frame = reshaped(frame, one, below);
    if (below(8) === 0) frame[one([12, 13, 14, ETHERNET + TAG, 16, 20])] = below(256);
    if (below(8) === 0) frame[below(Math.min(frame.length, 100))] = below(256);
    if (below(6) === 0) frame = frame.slice(0, ETHERNET + below(Math.min(frame.length, 120) - ETHERNET + 1));
    yield frame;
  }
}

type One = <T>(list: readonly T[]) => T;
type Below = (limit: number) => number;

function description(one: One, below: Below): string {
  const six = below(3) === 0;
  const [from, to] = [one(six ? SOURCES6 : SOURCES4), one(six ? TARGETS6 : TARGETS4)];
  const [source, target] = six ? [`[${from}]`, `[${to}]`] : [from, to];
  const rest = `${one(MACS.slice(0, below(8) === 0 ? 3 : 1))}${one(['', '', ' ttl 1', ' dscp 46'])}`;
  const tags = one(TAGS.slice(0, below(3) === 0 ? TAGS.length : 1));
  const size = one(['', '', '', ' 468 bytes', ' 469 bytes', ' 1001 bytes', ' 1522 bytes', ' 1523 bytes']);
  const ports = `${source}:${one(PORTS)} > ${target}:${one(PORTS)}${rest}`;
  switch (below(5)) {
    case 0:
      return `${tags}${six ? 'icmpv6' : 'icmp'} ${from} > ${to}${rest} type ${one([below(20), 128 + below(12)])}${size}`;
    case 1:
      return `${tags}protocol ${one([1, 4, 50, 51, 58, 132])} ${from} > ${to}${rest}${size}`;
    case 2:
      return `${tags}tcp ${ports} flags ${one(FLAGS)}${size}`;
    default:
      return `${tags}udp ${ports}${size}`;
  }
}

/** With another kind of tag, IPv4 options, extension headers, or as a fragment. */
function reshaped(frame: Uint8Array, one: One, below: Below): Uint8Array {
  let network = ETHERNET;
  while ([0x81, 0x88].includes(frame[network - 2]!)) network += TAG;
  if (network > ETHERNET && below(4) === 0) frame.set([0x88, 0xa8], 12);
  if (frame[network]! >> 4 === 4) {
    if (below(2) === 0) frame.set([one([0x20, 0, 0x1f]), one([0, 1, 185])], network + 6);
    if (below(2) === 0) return frame;
    const words = 1 + below(10);
    frame[network] = 0x45 + words;
    return withBytes(frame, network + 20, new Uint8Array(4 * words).fill(1));
  }
  let next = frame[network + 6]!;
  let longer = frame;
  for (let left = 1 + below(8); left > 0; left--) {
    const kind = one(EXTENSIONS);
    const extension = new Uint8Array(kind === 44 ? 8 : 8 * (1 + below(3)));
    extension[0] = next;
    if (kind === 44) extension.set([one([0, 0, 3]), one([0, 1, 8])], 2);
    else extension[1] = kind === 51 ? extension.length / 4 - 2 : extension.length / 8 - 1;
    next = kind;
    longer = withBytes(longer, network + 40, extension);
  }
  longer[network + 6] = next;
  return longer;
}

function withBytes(frame: Uint8Array, at: number, added: Uint8Array): Uint8Array {
  const longer = new Uint8Array(frame.length + added.length);
  longer.set(frame.subarray(0, at));
  longer.set(added, at);
  longer.set(frame.subarray(at), at + added.length);
  return longer;
}
