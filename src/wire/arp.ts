import { ipv4Text, macText, parseIp, parseMac } from './address-text.js';
import { EtherType, setU16, u16 } from './headers.js';

/** ARP for IPv4 over Ethernet (RFC 826). */
export interface Arp {
  readonly kind: 'arp';
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetMac: string;
  readonly targetIp: string;
}

export const ARP_PACKET = 28;

/** Hardware type Ethernet, protocol type IPv4, and the lengths of their addresses. */
const FIXED = [0, 1, EtherType.ipv4 >> 8, EtherType.ipv4 & 255, 6, 4] as const;

export function writeArp(bytes: Uint8Array, at: number, arp: Arp): void {
  bytes.set(FIXED, at);
  setU16(bytes, at + 6, arp.operation === 'request' ? 1 : 2);
  bytes.set(parseMac(arp.senderMac), at + 8);
  bytes.set(parseIp(arp.senderIp), at + 14);
  bytes.set(parseMac(arp.targetMac), at + 18);
  bytes.set(parseIp(arp.targetIp), at + 24);
}

/** @returns undefined for anything but a request or reply for IPv4 over Ethernet */
export function readArp(bytes: Uint8Array, at: number, end: number): Arp | undefined {
  if (at + ARP_PACKET > end || FIXED.some((byte, i) => bytes[at + i] !== byte)) return undefined;
  const operation = u16(bytes, at + 6);
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    kind: 'arp',
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: macText(bytes, at + 8),
    senderIp: ipv4Text(bytes, at + 14),
    targetMac: macText(bytes, at + 18),
    targetIp: ipv4Text(bytes, at + 24),
  };
}
