import type { FrameFields } from '../../dist/generator/index.js';
import { type Frame, parseIp, parseMac, QuicHeader } from '../../dist/wire/index.js';

/** What stands in the fields of a frame, by the names that descriptions have for them. */
export function fieldsIn(frame: Frame): Map<string, bigint> {
  const found = new Map<string, bigint>();
  const set = (name: string, value: number | string | Uint8Array | undefined) => {
    if (value === undefined) return;
    const bytes = typeof value === 'string' ? Buffer.from(value, 'hex') : value;
    found.set(name, typeof bytes === 'number' ? BigInt(bytes) : BigInt(`0x0${Buffer.from(bytes).toString('hex')}`));
  };
  set('sourceMac', parseMac(frame.ethernet.source));
  set('destinationMac', parseMac(frame.ethernet.destination));
  set('vlanInner', frame.vlan?.at(-1)?.id);
  if (frame.vlan?.length === 2) set('vlanOuter', frame.vlan[0]?.id);
  const { network, transport } = frame;
  if (network?.kind !== 'ipv4' && network?.kind !== 'ipv6') throw new Error('no IP packet');
  set('source', parseIp(network.source));
  set('destination', parseIp(network.destination));
  if (network.kind === 'ipv4') set('identification', network.identification);
  else set('flowLabel', network.flowLabel);
  if (transport?.kind === 'icmp') {
    set('icmpIdentifier', transport.identifier);
    set('icmpSequence', transport.sequence);
  } else if (transport !== undefined) {
    set('sourcePort', transport.sourcePort);
    set('destinationPort', transport.destinationPort);
    if (transport.kind === 'tcp') set('tcpSequence', transport.sequence);
  }
  return found;
}

/** The same for the connection IDs of a QUIC packet. */
export function connectionIdsIn(datagram: Uint8Array, shortIdLength: number): Map<string, bigint> {
  const header = new QuicHeader();
  if (!header.read(datagram, 0, datagram.length, shortIdLength)) throw new Error('no QUIC header');
  const found = new Map<string, bigint>();
  const set = (name: string, at: number, length: number) => {
    if (length > 0) found.set(name, BigInt(`0x${Buffer.from(datagram.subarray(at, at + length)).toString('hex')}`));
  };
  set('connectionId', header.destinationId, header.destinationIdLength);
  set('sourceConnectionId', header.sourceId, header.sourceIdLength);
  return found;
}

type Values = FrameFields['values'] extends ReadonlyMap<unknown, infer V> ? V : never;

/** The value that a stepping field has in frame n. */
export function steppedValue({ first, step, count }: Values, n: number): bigint {
  const cycle = count > 1n << 32n ? 1n << 32n : count;
  return first + step * (BigInt(n) % cycle);
}

export function isAmong({ first, step, count }: Values, value: bigint): boolean {
  return value >= first && (value - first) % step === 0n && (value - first) / step < count;
}
