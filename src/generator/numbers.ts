import { usage } from './usage.js';

/** Decimal or 0x-hexadecimal digits. */
const DIGITS = /^(?:\d+|0x[0-9a-f]+)$/i;

/** A whole number as text. @returns undefined for anything else */
export function wholeNumber(text: string): bigint | undefined {
  return DIGITS.test(text) ? BigInt(text) : undefined;
}

/** @throws XDP_ERR_USAGE when it is no whole number, or out of range */
export function parseWhole(value: number | string, min: number, max: number): number {
  const number = wholeNumber(String(value));
  if (number === undefined || number < BigInt(min) || number > BigInt(max)) {
    throw usage(`${JSON.stringify(value)} is no whole number from ${min} to ${max}`);
  }
  return Number(number);
}

const SCALES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** A number with k, M or G behind it: `1.5M`. @returns undefined for anything else */
export function scaled(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(text);
  return match === null ? undefined : Number(match[1]) * SCALES[match[2]!.toLowerCase()]!;
}

/** A big-endian number as bytes. */
export function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
}

/** Bytes as a big-endian number. */
export function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
