import { SocketAddress } from 'node:net';
import { XdpError } from '../sys/index.js';
import { parseIp } from '../wire/index.js';

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
