import { ipv4Text, ipv6Text, parseIp } from '../../wire/index.js';

/** Addresses that begin with the same bits. */
export interface Prefix {
  /** 4 or 16 bytes. In a validated rule set the bits behind the prefix are 0. */
  readonly address: Uint8Array;
  /** Bits: 0 to 32 or 128. */
  readonly length: number;
}

/**
 * Reads a prefix, or an address as one of its full length. Bits behind the length stay as they are written.
 *
 * @throws XDP_ERR_USAGE when the address is none
 * @returns undefined when the length is none
 */
export function parsePrefix(text: string): Prefix | undefined {
  const [, ip = text, digits] = /^(.*)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseIp(ip);
  const length = digits === undefined ? address.length * 8 : Number(digits);
  return length <= address.length * 8 ? { address, length } : undefined;
}

/** The address with all bits behind the first `length` cleared. */
export function maskAddress(address: Uint8Array, length: number): Uint8Array {
  return address.map((byte, i) => byte & (0xff00 >> Math.min(Math.max(length - i * 8, 0), 8)));
}

export function ipText(address: Uint8Array): string {
  return address.length === 4 ? ipv4Text(address) : ipv6Text(address);
}

export function prefixText({ address, length }: Prefix): string {
  return `${ipText(address)}/${length}`;
}

/** The bytes of hexadecimal digits, two to a byte. */
export function hexBytes(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}
