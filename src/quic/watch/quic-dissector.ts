import {
  type ClientHello,
  IpProtocol,
  ipv4Text,
  ipv6Text,
  PacketHeaders,
  QuicHeader,
  type QuicPacketType,
  QuicVersion,
  u16,
  u32,
} from '../../wire/index.js';
import type { CidCodec } from '../cid/codec.js';
import { BoundedMap } from './bounded-map.js';
import { InitialMemory } from './initial-memory.js';

/** A QUIC packet, of which a datagram may have several. */
export interface QuicPacket {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** `broken`: the header of a QUIC packet begins here, and ends too soon. */
  readonly type: QuicPacketType | 'broken';
  readonly form: 'long' | 'short';
  /** Of a long header. */
  readonly version?: number;
  /** Missing in a short header when nothing has told how long it is. */
  readonly destinationId?: Uint8Array;
  /** Of a long header. */
  readonly sourceId?: Uint8Array;
  /** What the codec makes of the destination ID: a server, or a `CidFailure`. Without a codec it is missing. */
  readonly server?: number;
  /** Bytes, from its header to its end. */
  readonly length: number;
  /** Its place in the datagram, from 0. */
  readonly index: number;
  /** Of an Initial that could be opened. */
  readonly packetNumber?: number;
  /** With the Initial that made it whole. */
  readonly hello?: ClientHello;
}

export interface QuicDissectorOptions {
  /** Tells the servers. */
  readonly codec?: CidCodec | undefined;
  /** Bytes of the IDs in short headers. Default: what long headers have told of the receiver, or as long as the codec's. */
  readonly shortIdLength?: number | undefined;
}

const LONGEST_ID = 20;
/** Receivers whose IDs' length is remembered. */
const RECEIVERS = 65_536;

/**
 * Finds the QUIC packets in frames. It learns from them what single packets don't tell: how long IDs in short headers are, the
 * keys of Initials, and handshakes that come in pieces. Sees nothing that is secret.
 *
 * A datagram is taken for QUIC if its first packet has a long header with the fixed bit or a version that is known, or a short
 * one with the fixed bit (RFC 9000, section 17.3.1). That says little: show it only the ports where QUIC is to be expected.
 */
export class QuicDissector {
  readonly #codec: CidCodec | undefined;
  readonly #shortIdLength: number | undefined;
  readonly #headers: PacketHeaders = new PacketHeaders();
  readonly #quic: QuicHeader = new QuicHeader();
  readonly #idLengths: BoundedMap<number> = new BoundedMap(RECEIVERS);
  readonly #initials: InitialMemory = new InitialMemory();

  constructor({ codec, shortIdLength }: QuicDissectorOptions = {}) {
    this.#codec = codec;
    this.#shortIdLength = shortIdLength;
  }

  /** @returns the QUIC packets of a frame, in order; none for anything else, and for IP fragments */
  read(bytes: Uint8Array, start: number, length: number): QuicPacket[] {
    const headers = this.#headers.read(bytes, start, length);
    const { protocol, transport, payload, isFragment, packetEnd } = headers;
    if (protocol !== IpProtocol.udp || payload < 0 || isFragment) return [];
    const end = Math.min(packetEnd, transport + u16(bytes, transport + 4));
    if (payload >= end || !isQuic(bytes, payload, end)) return [];
    const flow = this.#flowOf(bytes);
    const packets: QuicPacket[] = [];
    for (let at = payload; at < end && packets.length < 16; at = this.#quic.end) {
      // Behind a long header's packet may stand what only fills the datagram.
      if (at > payload && bytes[at]! < 0x40) break;
      packets.push(this.#packet(bytes, at, end, packets.length, flow));
      if (packets.at(-1)!.type === 'broken') break;
    }
    return packets;
  }

  #packet(bytes: Uint8Array, at: number, end: number, index: number, flow: Flow): QuicPacket {
    const quic = this.#quic;
    const { from, to, ...addresses } = flow;
    const form = bytes[at]! >= 0x80 ? 'long' : 'short';
    const known = form === 'long' ? 0 : (this.#shortIdLength ?? this.#idLengths.get(to) ?? this.#codec?.idLength);
    if (!quic.read(bytes, at, end, known ?? 0)) {
      return { ...addresses, type: 'broken', form, length: end - at, index };
    }
    const { type, version, destinationId: idAt, destinationIdLength, sourceId, sourceIdLength } = quic;
    const packet = { ...addresses, type, form, length: quic.end - at, index } as const;
    if (form === 'short') {
      const server = this.#codec?.decode(bytes.subarray(idAt, Math.min(idAt + LONGEST_ID, end)));
      return {
        ...packet,
        ...(known !== undefined && { destinationId: bytes.slice(idAt, idAt + known) }),
        ...(server !== undefined && { server }),
      };
    }
    this.#learn(flow);
    const destinationId = bytes.slice(idAt, idAt + destinationIdLength);
    const server = this.#codec?.decode(destinationId);
    const initial = type === 'initial' ? this.#initials.read(from, to, bytes, at, quic) : undefined;
    return {
      ...packet,
      version,
      destinationId,
      sourceId: bytes.slice(sourceId, sourceId + sourceIdLength),
      ...(server !== undefined && { server }),
      ...(initial !== undefined && { packetNumber: initial.packetNumber }),
      ...(initial?.hello !== undefined && { hello: initial.hello }),
    };
  }

  /** Who sends a source ID wants packets with IDs of that length, and the ID of a Handshake packet is the receiver's own. */
  #learn({ from, to }: Flow): void {
    const { type, destinationIdLength, sourceIdLength } = this.#quic;
    if (type === 'initial' || type === 'handshake') this.#idLengths.set(from, sourceIdLength);
    if (type === 'handshake') this.#idLengths.set(to, destinationIdLength);
  }

  #flowOf(bytes: Uint8Array): Flow {
    const { network, ipVersion, transport } = this.#headers;
    const [source, destination] =
      ipVersion === 4
        ? [ipv4Text(bytes, network + 12), ipv4Text(bytes, network + 16)]
        : [ipv6Text(bytes, network + 8), ipv6Text(bytes, network + 24)];
    const sourcePort = u16(bytes, transport);
    const destinationPort = u16(bytes, transport + 2);
    const from = `${source} ${sourcePort}`;
    return { source, sourcePort, destination, destinationPort, from, to: `${destination} ${destinationPort}` };
  }
}

interface Flow {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** Address and port. */
  readonly from: string;
  readonly to: string;
}

function isQuic(bytes: Uint8Array, at: number, end: number): boolean {
  const first = bytes[at]!;
  if ((first & 0x40) !== 0) return true;
  // The fixed bit may be greased (RFC 9287), and says nothing in version negotiation (RFC 9000, section 17.2.1).
  const version = (first & 0x80) !== 0 && at + 5 <= end ? u32(bytes, at + 1) : -1;
  return version === 0 || version === QuicVersion.v1 || version === QuicVersion.v2;
}
