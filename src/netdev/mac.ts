import { XdpError } from '../sys/index.js';

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

/** Lower case with colons; empty for no bytes. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
