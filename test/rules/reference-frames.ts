import {
  encodeFrame,
  encodeQuicHeader,
  type Frame,
  type Ipv4,
  type Ipv6,
  type Transport,
} from '../../dist/wire/index.js';

/** Frames by hand: two hosts, and what one sends to the other. */

const ethernet = { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' };

export const hexFrame = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits.replace(/\s/g, ''), 'hex'));

export const udp = (sourcePort: number, destinationPort: number): Transport => ({
  kind: 'udp',
  sourcePort,
  destinationPort,
});
export const tcp = (sourcePort: number, destinationPort: number, flags = 16, options?: Uint8Array): Transport => ({
  kind: 'tcp',
  sourcePort,
  destinationPort,
  flags,
  ...(options === undefined ? {} : { options }),
});
export const icmp = (type: number, code = 0): Transport => ({ kind: 'icmp', type, code });

type Rest = Omit<Frame, 'ethernet' | 'network' | 'transport'>;

export const over4 = (transport: Transport | undefined, ip: Partial<Ipv4> = {}, rest: Rest = {}): Uint8Array =>
  encodeFrame({
    ethernet,
    network: { kind: 'ipv4', source: '10.0.0.1', destination: '10.0.0.2', ...ip },
    ...(transport === undefined ? {} : { transport }),
    ...rest,
  });

export const over6 = (transport: Transport | undefined, ip: Partial<Ipv6> = {}, rest: Rest = {}): Uint8Array =>
  encodeFrame({
    ethernet,
    network: { kind: 'ipv6', source: '2001:db8::1', destination: '2001:db8::2', ...ip },
    ...(transport === undefined ? {} : { transport }),
    ...rest,
  });

export const arp: Uint8Array = encodeFrame({
  ethernet,
  network: {
    kind: 'arp',
    operation: 'request',
    senderMac: ethernet.source,
    senderIp: '10.0.0.1',
    targetMac: '00:00:00:00:00:00',
    targetIp: '10.0.0.2',
  },
});

/** An IPv6 extension header of 8 bytes: hop-by-hop, routing or destination options that do nothing. */
export const extension = (next: number): number[] => [next, 0, 1, 4, 0, 0, 0, 0];
/** An authentication header (RFC 4302) of 12 bytes: words minus 2 is 1. */
export const authentication = (next: number): number[] => [next, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/** @param offset in units of 8 bytes */
export const fragment = (next: number, offset: number, more: boolean): number[] => [
  next,
  0,
  (offset << 3) >> 8,
  ((offset << 3) & 0xff) | (more ? 1 : 0),
  0,
  0,
  0,
  1,
];

const ID = { destinationId: Uint8Array.of(1, 2, 3, 4), sourceId: Uint8Array.of(5, 6, 7, 8, 9) };

export const longQuic = (type: 'initial' | 'handshake', version: 1 | 0x6b3343cf = 1): Uint8Array =>
  encodeQuicHeader({ kind: 'long', type, version, ...ID, length: 20 });
export const shortQuic: Uint8Array = Uint8Array.of(0x40, ...Array.from({ length: 30 }, (_, i) => 0xc0 + i));

export const cut = (frame: Uint8Array, length: number): Uint8Array => frame.slice(0, length);
