import type { QuicDissector, QuicPacket } from '../quic/index.js';
import { QuicVersion } from '../wire/index.js';
import { whole } from './bridge-table.js';
import { serverJson, serverText } from './cid-options.js';
import { printJson, printNote } from './output.js';

/** Prints the QUIC packets of frames. */
export interface QuicPrinter {
  /** As many packets as were asked for are out. */
  readonly isDone: boolean;
  /** @param queue undefined for a frame of a file; `time` is in nanoseconds since 1970 */
  frame(bytes: Uint8Array, offset: number, length: number, queue: number | undefined, time: bigint): void;
  /** @param lost frames that came too fast */
  end(lost?: number): void;
}

interface Seen {
  readonly queue: number | undefined;
  readonly time: bigint;
}

/** @param limit how many packets are printed */
export function quicPrinter(dissector: QuicDissector, json: boolean, limit: number): QuicPrinter {
  const print = json ? printPacketJson : printLine;
  const counts = { frames: 0, quic: 0, packets: 0 };
  return {
    get isDone() {
      return counts.packets >= limit;
    },
    frame(bytes, offset, length, queue, time) {
      const packets = dissector.read(bytes, offset, length);
      counts.frames++;
      if (packets.length > 0) counts.quic++;
      for (const packet of packets.slice(0, limit - counts.packets)) {
        print(packet, { queue, time });
        counts.packets++;
      }
    },
    end(lost) {
      if (json) printJson('summary', { ...counts, ...(lost !== undefined && { lost }) });
      else printNote(summaryOf(counts, lost ?? 0));
    },
  };
}

function summaryOf({ frames, quic, packets }: { frames: number; quic: number; packets: number }, lost: number): string {
  const parts = [`${whole(packets)} QUIC packets in ${whole(quic)} datagrams`];
  if (frames > quic) parts.push(`${whole(frames - quic)} other frames`);
  if (lost > 0) parts.push(`${whole(lost)} frames came too fast and were lost`);
  return parts.join('; ');
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function printLine(packet: QuicPacket, { queue, time }: Seen): void {
  const { type, form, version, destinationId, sourceId, server, length, index, packetNumber, hello } = packet;
  const parts = [
    clock(time),
    ...(queue === undefined ? [] : [`q${queue}`]),
    `${endpoint(packet.source, packet.sourcePort)} > ${endpoint(packet.destination, packet.destinationPort)}`,
    form,
    ...(version === undefined ? [] : [versionText(version)]),
    TYPES[type],
    ...(type === 'broken' ? [] : [`dcid ${destinationId === undefined ? '?' : idText(destinationId)}`]),
    ...(sourceId === undefined ? [] : [`scid ${idText(sourceId)}`]),
    ...(server === undefined ? [] : [serverText(server)]),
    `length ${length}`,
    ...(index > 0 ? [`coalesced ${index}`] : []),
    ...(packetNumber === undefined ? [] : [`number ${packetNumber}`]),
    ...(hello === undefined ? [] : [`sni ${hello.serverName ?? '-'}`, `alpn ${hello.alpn.join(',') || '-'}`]),
  ];
  process.stdout.write(`${parts.join(' ')}\n`);
}

function printPacketJson(packet: QuicPacket, { queue, time }: Seen): void {
  const { type, form, version, destinationId, sourceId, server, length, index, packetNumber, hello } = packet;
  const { source, sourcePort, destination, destinationPort } = packet;
  printJson('packet', {
    time: `${time / 1_000_000_000n}.${String(time % 1_000_000_000n).padStart(9, '0')}`,
    ...(queue !== undefined && { queue }),
    source,
    sourcePort,
    destination,
    destinationPort,
    form,
    ...(version !== undefined && { quicVersion: version }),
    packet: TYPES[type],
    ...(destinationId !== undefined && { destinationId: hex(destinationId) }),
    ...(sourceId !== undefined && { sourceId: hex(sourceId) }),
    ...(server !== undefined && serverJson(server)),
    length,
    coalesced: index,
    ...(packetNumber !== undefined && { packetNumber }),
    ...(hello !== undefined && { serverName: hello.serverName ?? null, alpn: hello.alpn }),
  });
}

/** As the rules name them. */
const TYPES: Readonly<Record<QuicPacket['type'], string>> = {
  versionNegotiation: 'version-negotiation',
  initial: 'initial',
  zeroRtt: 'zero-rtt',
  handshake: 'handshake',
  retry: 'retry',
  oneRtt: 'one-rtt',
  unknown: 'unknown',
  broken: 'broken',
};

function versionText(version: number): string {
  if (version === QuicVersion.v1) return 'v1';
  if (version === QuicVersion.v2) return 'v2';
  return `0x${version.toString(16).padStart(8, '0')}`;
}

function idText(id: Uint8Array): string {
  return id.length === 0 ? '-' : hex(id);
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Local time of day, to the microsecond. */
function clock(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n));
  const part = (value: number) => String(value).padStart(2, '0');
  const micro = String((time / 1000n) % 1_000_000n).padStart(6, '0');
  return `${part(date.getHours())}:${part(date.getMinutes())}:${part(date.getSeconds())}.${micro}`;
}
