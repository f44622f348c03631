import { Helper } from '../helpers.js';
import { csumDiff } from './checksum.js';
import type { HelperFunction, Machine } from './machine.js';

/** The helpers for the packet, and for checksums of it. */
export const PACKET_HELPERS: readonly (readonly [number, HelperFunction])[] = [
  [Helper.xdpAdjustHead, (m) => m.return(m.packet.adjustHead(m.s32(2)))],
  [Helper.xdpAdjustTail, (m) => m.return(m.packet.adjustTail(m.s32(2)))],
  [Helper.xdpAdjustMeta, (m) => m.return(m.packet.adjustMeta(m.s32(2)))],
  [Helper.xdpGetBuffLen, (m) => m.return(m.packet.length)],
  [Helper.xdpLoadBytes, (m) => copy(m, (range, buffer) => buffer.set(range))],
  [Helper.xdpStoreBytes, (m) => copy(m, (range, buffer) => range.set(buffer))],
  [Helper.csumDiff, (m) => m.return(csumDiff(m.bytes(1, m.u32(2)), m.bytes(3, m.u32(4)), m.u32(5)))],
];

function copy(m: Machine, direction: (range: Uint8Array, buffer: Uint8Array) => void): void {
  const range = m.packet.range(m.u32(2), m.u32(4));
  const refused = typeof range === 'number';
  if (!refused) direction(range, m.bytes(3, range.length));
  m.return(refused ? range : 0);
}
