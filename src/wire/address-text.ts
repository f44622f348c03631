import { isIPv4, isIPv6 } from 'node:net';
import { XdpError } from '../sys/index.js';
import { u16 } from './headers.js';

/** A MAC address as text: `02:00:00:00:00:01`. */
export function macText(bytes: Uint8Array, at = 0): string {
  return Array.from({ length: 6 }, (_, i) => bytes[at + i]!.toString(16).padStart(2, '0')).join(':');
}

/** The address whose first two and last four bytes are these numbers, as a little-endian processor reads them. */
export function macTextOf(high: number, low: number): string {
  return macText(Uint8Array.of(high, high >> 8, low, low >> 8, low >> 16, low >> 24));
}

/** An IPv4 address as text: `192.0.2.1`. */
export function ipv4Text(bytes: Uint8Array, at = 0): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** An IPv6 address as RFC 5952 writes it: the longest run of zero groups becomes `::`. */
export function ipv6Text(bytes: Uint8Array, at = 0): string {
  const groups = Array.from({ length: 8 }, (_, i) => u16(bytes, at + i * 2).toString(16));
  let best = 0;
  let bestStart = -1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === '0') run++;
    if (run > best && run > 1) [best, bestStart] = [run, i];
  }
  if (bestStart < 0) return groups.join(':');
  return `${groups.slice(0, bestStart).join(':')}::${groups.slice(bestStart + best).join(':')}`;
}

/**
 * The six bytes of an Ethernet address written with colons or dashes.
 *
 * @throws XDP_ERR_USAGE
 */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(text)} is no Ethernet address, such as 02:00:00:00:00:01`);
  }
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}

/**
 * The 4 or 16 bytes of an IP address, without a prefix length or a zone.
 *
 * @throws XDP_ERR_USAGE
 */
export function parseIp(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text) || text.includes('%')) {
    throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(text)} is no IP address`);
  }
  // An IPv4 address at the end (RFC 4291, 2.2.3) stands for the last two groups.
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map((part) => Number(part).toString(16).padStart(2, '0'));
    return `${a}${b}:${c}${d}`;
  });
  const [head = '', tail] = hex.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const before = groups(head);
  const after = groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
