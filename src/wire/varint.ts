/** Bytes of the variable-length integer at `at` (RFC 9000, section 16): 1, 2, 4 or 8. */
export function varintSize(bytes: Uint8Array, at: number): number {
  return 1 << (bytes[at]! >> 6);
}

/** A variable-length integer, all of whose bytes are there. Above 2^53 it is rounded. */
export function readVarint(bytes: Uint8Array, at: number): number {
  let value = bytes[at]! & 0x3f;
  for (let i = 1; i < varintSize(bytes, at); i++) value = value * 256 + bytes[at + i]!;
  return value;
}
