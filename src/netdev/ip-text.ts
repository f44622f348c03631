import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { XdpError } from '../sys/index.js';

/**
 * The 4 or 16 bytes of an IP address.
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

/** The usual text of 4 or 16 bytes (RFC 5952); anything else gives an empty string. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2]! << 8) | bytes[at * 2 + 1]!).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/**
 * Splits `192.0.2.1/24`.
 *
 * @throws XDP_ERR_USAGE when the address or the prefix is not valid
 */
export function parsePrefix(text: string): { readonly address: Uint8Array; readonly prefixLength: number } {
  const [address = '', length, ...rest] = text.split('/');
  const bytes = parseIp(address);
  const prefixLength = Number(length);
  if (rest.length > 0 || !/^\d+$/.test(length ?? '') || prefixLength > bytes.length * 8) {
    throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(text)} is no address with a prefix length`);
  }
  return { address: bytes, prefixLength };
}
