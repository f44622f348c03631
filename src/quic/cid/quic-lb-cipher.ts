import { type Cipher, createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';

const BLOCK = 16;

/**
 * How QUIC-LB hides server ID and nonce (draft-ietf-quic-load-balancers-21, section 5.4): as one AES block where they fill one, and
 * otherwise in four passes of a Feistel network. Lengths: 5 to 19 bytes.
 */
export class QuicLbCipher {
  readonly #length: number;
  readonly #encrypt: Cipher;
  readonly #decrypt: Decipher;
  readonly #block: Uint8Array = new Uint8Array(BLOCK);

  constructor(key: Uint8Array, length: number) {
    this.#length = length;
    // One stream of blocks for all IDs: in ECB mode no block depends on another.
    this.#encrypt = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    this.#decrypt = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  }

  encrypt(plain: Uint8Array): Uint8Array {
    if (this.#length === BLOCK) return this.#encrypt.update(plain);
    const halves = this.#split(plain);
    this.#pass(halves, 1);
    this.#pass(halves, 2);
    this.#pass(halves, 3);
    this.#pass(halves, 4);
    return this.#join(halves);
  }

  decrypt(hidden: Uint8Array): Uint8Array {
    if (this.#length === BLOCK) return this.#decrypt.update(hidden);
    const halves = this.#split(hidden);
    this.#pass(halves, 4);
    this.#pass(halves, 3);
    this.#pass(halves, 2);
    this.#pass(halves, 1);
    return this.#join(halves);
  }

  /** Odd passes change the right half by the left one, even ones the left half by the right one. */
  #pass(halves: Halves, pass: number): void {
    const odd = pass % 2 === 1;
    const from = odd ? halves.left : halves.right;
    const to = odd ? halves.right : halves.left;
    const block = this.#block.fill(0);
    block.set(from);
    block[BLOCK - 2] = this.#length;
    block[BLOCK - 1] = pass;
    const mask = this.#encrypt.update(block);
    for (let i = 0; i < to.length; i++) to[i]! ^= mask[i]!;
    this.#clear(halves);
  }

  /** Of an odd number of bytes the one in the middle belongs to both, half and half. */
  #split(bytes: Uint8Array): Halves {
    const half = Math.ceil(this.#length / 2);
    const halves = { left: bytes.slice(0, half), right: bytes.slice(this.#length - half, this.#length) };
    this.#clear(halves);
    return halves;
  }

  #clear({ left, right }: Halves): void {
    if (this.#length % 2 === 0) return;
    left[left.length - 1]! &= 0xf0;
    right[0]! &= 0x0f;
  }

  #join({ left, right }: Halves): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    bytes.set(left);
    for (let i = 0; i < right.length; i++) bytes[this.#length - right.length + i]! |= right[i]!;
    return bytes;
  }
}

interface Halves {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
}
