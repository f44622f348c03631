import {
  type ClientHello,
  CryptoStream,
  initialKeys,
  openInitial,
  type QuicHeader,
  type QuicKeys,
  readClientHello,
  visitCryptoFrames,
} from '../../wire/index.js';
import { BoundedMap } from './bounded-map.js';

/** A client whose first Initial was seen. */
interface Client {
  readonly version: number;
  readonly keys: QuicKeys;
  readonly serverKeys: QuicKeys;
  /** Until the ClientHello is whole. */
  stream: CryptoStream | undefined;
}

export interface ReadInitial {
  readonly from: 'client' | 'server';
  readonly packetNumber: number;
  /** With the packet that made it whole. */
  readonly hello?: ClientHello;
}

/** Of 16 KiB at most, while their ClientHello is not whole. */
const CLIENTS = 4096;

/** Opens Initial packets, and puts the ClientHello together that may come in several of them. */
export class InitialMemory {
  readonly #clients: BoundedMap<Client> = new BoundedMap(CLIENTS);

  /**
   * @param from,to the sender's and receiver's address and port
   * @param at the packet's first byte; `header` was read there
   * @returns undefined for a packet that can't be opened: the client's first one wasn't seen, or the version has no known keys
   */
  read(from: string, to: string, bytes: Uint8Array, at: number, header: QuicHeader): ReadInitial | undefined {
    const way = `${from} ${to}`;
    const known = this.#clients.get(way);
    if (known !== undefined && known.version === header.version) {
      const opened = openInitial(bytes, at, header, known.keys);
      if (opened !== undefined) return readOf(known, opened);
    }
    const peer = this.#clients.get(`${to} ${from}`);
    if (peer !== undefined && peer.version === header.version) {
      const opened = openInitial(bytes, at, header, peer.serverKeys);
      if (opened !== undefined) return { from: 'server', packetNumber: opened.packetNumber };
    }
    const { version, destinationId, destinationIdLength } = header;
    const clientId = bytes.subarray(destinationId, destinationId + destinationIdLength);
    const keys = initialKeys(version, clientId, 'client');
    const serverKeys = initialKeys(version, clientId, 'server');
    if (keys === undefined || serverKeys === undefined) return undefined;
    const opened = openInitial(bytes, at, header, keys);
    if (opened === undefined) return undefined;
    const client: Client = { version, keys, serverKeys, stream: new CryptoStream() };
    this.#clients.set(way, client);
    return readOf(client, opened);
  }
}

function readOf(client: Client, opened: { readonly packetNumber: number; readonly frames: Uint8Array }): ReadInitial {
  const { packetNumber, frames } = opened;
  const { stream } = client;
  if (stream === undefined) return { from: 'client', packetNumber };
  visitCryptoFrames(frames, (offset, data) => stream.add(offset, data));
  const hello = readClientHello(stream.contiguous);
  if (hello === undefined) return { from: 'client', packetNumber };
  client.stream = undefined;
  return { from: 'client', packetNumber, hello };
}
