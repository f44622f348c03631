import { createHmac } from 'node:crypto';
import { QuicVersion } from './quic-header.js';

/** What protects one direction's Initial packets: AES-128-GCM, and AES-128 over the header (RFC 9001, section 5). */
export interface QuicKeys {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
  /** 16 bytes. */
  readonly headerKey: Uint8Array;
}

interface VersionSecrets {
  readonly salt: Buffer;
  /** What the labels begin with. */
  readonly label: string;
}

/** RFC 9001, sections 5.1 and 5.2; RFC 9369, section 3.3. */
const VERSIONS: ReadonlyMap<number, VersionSecrets> = new Map([
  [QuicVersion.v1, { salt: Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex'), label: 'quic' }],
  [QuicVersion.v2, { salt: Buffer.from('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'hex'), label: 'quicv2' }],
]);

/**
 * The keys of Initial packets, which everybody can make: they come from the destination connection ID of the client's first one.
 *
 * @param clientId that connection ID; after a Retry, the one that the client took over from it
 * @returns undefined for a version whose salt is not known
 */
export function initialKeys(version: number, clientId: Uint8Array, side: 'client' | 'server'): QuicKeys | undefined {
  const secrets = VERSIONS.get(version);
  if (secrets === undefined) return undefined;
  const { salt, label } = secrets;
  const secret = expand(hmac(salt, clientId), `${side} in`, 32);
  return {
    key: expand(secret, `${label} key`, 16),
    iv: expand(secret, `${label} iv`, 12),
    headerKey: expand(secret, `${label} hp`, 16),
  };
}

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** HKDF-Expand-Label without a context (RFC 8446, section 7.1), of at most one hash: 32 bytes. */
function expand(secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`);
  return hmac(secret, Buffer.from([0, length, name.length, ...name, 0, 1])).subarray(0, length);
}
