import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { QuicHeader } from './quic-header.js';
import type { QuicKeys } from './quic-keys.js';

/** AES-GCM's tag, and the bytes that header protection samples. */
const TAG = 16;
const SAMPLE = 16;

/** What an Initial packet contained. */
export interface OpenedInitial {
  /** As many bytes of it as the packet had: of a connection's first packets, all that count. */
  readonly packetNumber: number;
  /** Its frames. */
  readonly frames: Uint8Array;
}

/**
 * Takes the protection off an Initial packet (RFC 9001, sections 5.3 and 5.4).
 *
 * @param at the packet's first byte; `header` was read there
 * @returns undefined when it was protected by other keys, or damaged
 */
export function openInitial(
  bytes: Uint8Array,
  at: number,
  header: QuicHeader,
  keys: QuicKeys,
): OpenedInitial | undefined {
  const { payload, end } = header;
  const sample = payload + 4;
  if (sample + SAMPLE > end) return undefined;
  const mask = createCipheriv('aes-128-ecb', keys.headerKey, null).update(bytes.subarray(sample, sample + SAMPLE));
  const numberLength = ((bytes[at]! ^ mask[0]!) & 3) + 1;
  const associated = new Uint8Array(bytes.subarray(at, payload + numberLength));
  // Of a long header four bits are hidden.
  associated[0]! ^= mask[0]! & 0x0f;
  const nonce = new Uint8Array(keys.iv);
  let packetNumber = 0;
  for (let i = 0; i < numberLength; i++) {
    const place = payload - at + i;
    associated[place]! ^= mask[1 + i]!;
    packetNumber = packetNumber * 256 + associated[place]!;
    nonce[nonce.length - numberLength + i]! ^= associated[place]!;
  }
  const cipher = createDecipheriv('aes-128-gcm', keys.key, nonce, { authTagLength: TAG });
  cipher.setAAD(associated).setAuthTag(bytes.subarray(end - TAG, end));
  try {
    const frames = cipher.update(bytes.subarray(payload + numberLength, end - TAG));
    cipher.final();
    return { packetNumber, frames };
  } catch {
    // The tag is another one.
    return undefined;
  }
}
