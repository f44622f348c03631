import { parseIp } from '../../wire/index.js';
import { hexBytes, type Numbers, toRanges, type WindowsMatch } from '../model/index.js';
import { PatternField, PORT_SET_BYTES } from './layout.js';

const { mask, maskedAddress, tuple, quic, portSet, address, addressPortSet } = PatternField;

/** Puts a set of ports into the blob. @returns its offset in the file */
export type PlacePortSet = (bits: Uint8Array) => number;

/**
 * Writes the pattern of a match.
 *
 * @param bytes from where the pattern begins
 * @returns offset of a pointer in the pattern, if it has one
 */
export function writePattern(bytes: DataView, match: WindowsMatch, place: PlacePortSet): number | undefined {
  switch (match.type) {
    case 'all':
    case 'udp':
      return undefined;
    case 'udp-dst':
    case 'tcp-dst':
    case 'tcp-control-dst':
      bytes.setUint16(0, match.port);
      return undefined;
    case 'ipv4-dst-mask':
    case 'ipv6-dst-mask':
    case 'inner-ipv4-dst-mask-udp':
    case 'inner-ipv6-dst-mask-udp':
      put(bytes, mask, parseIp(match.mask));
      put(bytes, maskedAddress, parseIp(match.address));
      return undefined;
    case 'icmpv4-echo-reply-ip-dst':
    case 'icmpv6-echo-reply-ip-dst':
      // The mask is not looked at.
      put(bytes, maskedAddress, parseIp(match.address));
      return undefined;
    case 'ipv4-udp-tuple':
    case 'ipv6-udp-tuple':
      put(bytes, tuple.source, parseIp(match.src));
      put(bytes, tuple.destination, parseIp(match.dst));
      bytes.setUint16(tuple.sourcePort, match.srcPort);
      bytes.setUint16(tuple.destinationPort, match.dstPort);
      return undefined;
    case 'quic-flow-src-cid':
    case 'quic-flow-dst-cid':
    case 'tcp-quic-flow-src-cid':
    case 'tcp-quic-flow-dst-cid': {
      const id = hexBytes(match.cid);
      bytes.setUint16(quic.port, match.port);
      bytes.setUint8(quic.length, id.length);
      bytes.setUint8(quic.offset, match.offset ?? 0);
      put(bytes, quic.id, id);
      return undefined;
    }
    case 'udp-port-set':
      return putPointer(bytes, portSet, place(portBits(match.ports)));
    case 'ipv4-udp-port-set':
    case 'ipv6-udp-port-set':
    case 'ipv4-tcp-port-set':
    case 'ipv6-tcp-port-set':
      put(bytes, address, parseIp(match.address));
      return putPointer(bytes, addressPortSet, place(portBits(match.ports)));
    case 'ip-next-header':
      bytes.setUint8(0, match.protocol);
      return undefined;
  }
}

function put(bytes: DataView, offset: number, value: Uint8Array): void {
  for (const [i, byte] of value.entries()) bytes.setUint8(offset + i, byte);
}

function putPointer(bytes: DataView, offset: number, target: number): number {
  bytes.setBigUint64(offset, BigInt(target), true);
  return offset;
}

/** The driver looks a port up as it stands in the packet: bits are counted by the number that its two bytes make in reverse. */
function portBits(ports: Numbers): Uint8Array {
  const bits = new Uint8Array(PORT_SET_BYTES);
  for (const { from, to } of toRanges(ports)) {
    for (let port = from; port <= to; port++) {
      const reversed = ((port & 0xff) << 8) | (port >> 8);
      bits[reversed >> 3]! |= 1 << (reversed & 7);
    }
  }
  return bits;
}
