import { createCipheriv } from 'node:crypto';
import { encodeQuicHeader, initialKeys, QuicHeader, type QuicVersion } from '../../dist/wire/index.js';

const TAG = 16;

export interface InitialParts {
  readonly version: (typeof QuicVersion)[keyof typeof QuicVersion];
  readonly destinationId: Uint8Array;
  readonly sourceId: Uint8Array;
  readonly packetNumber: number;
}

/** An Initial packet as an endpoint sends it: {@link openInitial} the other way (RFC 9001, section 5). */
export function sealInitial(
  parts: InitialParts | Uint8Array,
  frames: Uint8Array,
  clientId: Uint8Array,
  side: 'client' | 'server',
): Uint8Array {
  const head = parts instanceof Uint8Array ? parts : headOf(parts, frames.length);
  const numberLength = (head[0]! & 3) + 1;
  const packet = new Uint8Array(head.length + frames.length + TAG);
  packet.set(head);
  const header = new QuicHeader();
  if (!header.read(packet, 0, packet.length, 0)) throw new Error('no header');
  const keys = initialKeys(header.version, clientId, side)!;
  const nonce = new Uint8Array(keys.iv);
  for (let i = 1; i <= numberLength; i++) nonce[12 - i]! ^= head[head.length - i]!;
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce);
  cipher.setAAD(head);
  packet.set(cipher.update(frames), head.length);
  cipher.final();
  packet.set(cipher.getAuthTag(), head.length + frames.length);
  const at = head.length - numberLength;
  const mask = createCipheriv('aes-128-ecb', keys.headerKey, null).update(packet.subarray(at + 4, at + 20));
  packet[0]! ^= mask[0]! & 15;
  for (let i = 0; i < numberLength; i++) packet[at + i]! ^= mask[1 + i]!;
  return packet;
}

/** With a packet number of four bytes. */
function headOf({ packetNumber, ...ids }: InitialParts, frames: number): Uint8Array {
  const length = 4 + frames + TAG;
  const header = encodeQuicHeader({ kind: 'long', type: 'initial', ...ids, packetNumberLength: 4, length });
  return Buffer.concat([header, Buffer.from([0, 0, packetNumber >> 8, packetNumber & 255])]);
}

export function cryptoFrame(offset: number, data: Uint8Array): Buffer {
  const varint = (value: number) => [0x40 | (value >> 8), value & 255];
  return Buffer.from([6, ...varint(offset), ...varint(data.length), ...data]);
}

const u16 = (value: number) => [value >> 8, value & 255];
const vector = (bytes: readonly number[]) => [...u16(bytes.length), ...bytes];
const extension = (type: number, bytes: readonly number[]) => [...u16(type), ...vector(bytes)];

/** A ClientHello (RFC 8446, section 4.1.2) with as much as dissectors want to see. */
export function clientHello({
  serverName,
  alpn,
}: {
  readonly serverName?: string;
  readonly alpn: readonly string[];
}): Uint8Array {
  const names = serverName === undefined ? [] : extension(0, vector([0, ...vector([...Buffer.from(serverName)])]));
  const protocols = alpn.flatMap((name) => [name.length, ...Buffer.from(name)]);
  const extensions = [
    ...names,
    ...(alpn.length > 0 ? extension(16, vector(protocols)) : []),
    ...extension(43, [2, 3, 4]),
  ];
  const body = [3, 3, ...new Uint8Array(32).fill(7), 0, ...vector([0x13, 0x01]), 1, 0, ...vector(extensions)];
  return Uint8Array.from([1, 0, ...u16(body.length), ...body]);
}
