/** AES-128 (FIPS 197) as what a program looks up: boxes, mixed columns, round keys. Words are big-endian columns. */

export type AesDirection = 'encrypt' | 'decrypt';

export const ROUNDS = 10;
const KEY_WORDS = 44;

/** What substitution, and then the mixing of columns, make of a byte of the first row; or the same inverse. */
export function mixed(direction: AesDirection, x: number): number {
  if (direction === 'encrypt') {
    const s = SUBSTITUTED[x]!;
    return word(times(s, 2), s, s, times(s, 3));
  }
  const r = RESTORED[x]!;
  return word(times(r, 14), times(r, 9), times(r, 13), times(r, 11));
}

/** The 256 values of substitution alone. */
export function box(direction: AesDirection): Uint8Array {
  return direction === 'encrypt' ? SUBSTITUTED : RESTORED;
}

/** The 44 words of the round keys, in the order in which the direction takes them. */
export function schedule(direction: AesDirection, key: Uint8Array): Uint32Array {
  return direction === 'encrypt' ? encryptionSchedule(key) : decryptionSchedule(key);
}

/** The 44 words of FIPS 197, section 5.2. */
function encryptionSchedule(key: Uint8Array): Uint32Array {
  const words = new Uint32Array(KEY_WORDS);
  for (let i = 0; i < 4; i++) words[i] = word(key[4 * i]!, key[4 * i + 1]!, key[4 * i + 2]!, key[4 * i + 3]!);
  let constant = 1;
  for (let i = 4; i < words.length; i++) {
    let next = words[i - 1]!;
    if (i % 4 === 0) {
      next = substituted(rotated(next, 24)) ^ (constant << 24);
      constant = times(constant, 2);
    }
    words[i] = words[i - 4]! ^ next;
  }
  return words;
}

/** Of the equivalent inverse cipher (section 5.3.5), in the order in which it takes them. */
function decryptionSchedule(key: Uint8Array): Uint32Array {
  const forward = encryptionSchedule(key);
  const words = new Uint32Array(forward.length);
  for (let round = 0; round <= ROUNDS; round++) {
    for (let i = 0; i < 4; i++) {
      const value = forward[4 * (ROUNDS - round) + i]!;
      words[4 * round + i] = round === 0 || round === ROUNDS ? value : unmixed(value);
    }
  }
  return words;
}

function word(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** To the right. */
function rotated(value: number, bits: number): number {
  return bits === 0 ? value : ((value >>> bits) | (value << (32 - bits))) >>> 0;
}

/** In the field of 256 elements modulo x^8 + x^4 + x^3 + x + 1 (section 4.2). */
function times(a: number, b: number): number {
  let product = 0;
  for (let x = a, y = b; y > 0; y >>= 1) {
    if (y & 1) product ^= x;
    x = (x << 1) ^ (x & 0x80 ? 0x11b : 0);
  }
  return product;
}

/** Section 5.1.1: the inverse in the field, then an affine map. */
const SUBSTITUTED: Uint8Array = new Uint8Array(256);
const RESTORED: Uint8Array = new Uint8Array(256);
for (let x = 0, power = 1, inverse = 1; x < 255; x++) {
  // 3 generates the field's elements but 0; its inverse is 0xf6.
  const spread = inverse | (inverse << 8);
  const value = inverse ^ (spread >> 7) ^ (spread >> 6) ^ (spread >> 5) ^ (spread >> 4) ^ 0x63;
  SUBSTITUTED[power] = value;
  power = times(power, 3);
  inverse = times(inverse, 0xf6);
}
SUBSTITUTED[0] = 0x63;
for (const [x, value] of SUBSTITUTED.entries()) RESTORED[value] = x;

function substituted(value: number): number {
  return word(
    SUBSTITUTED[value >>> 24]!,
    SUBSTITUTED[(value >>> 16) & 255]!,
    SUBSTITUTED[(value >>> 8) & 255]!,
    SUBSTITUTED[value & 255]!,
  );
}

/** The inverse of the mixing of a column. */
function unmixed(value: number): number {
  const bytes = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  const [a, b, c, d] = bytes.map((_, i) =>
    [14, 11, 13, 9].reduce((sum, factor, j) => sum ^ times(bytes[(i + j) % 4]!, factor), 0),
  );
  return word(a!, b!, c!, d!);
}
