import type { BackendPort } from 'xdpkit/quic';
import { ChecksumMemory, fold, IpProtocol, ipv4Text, ipv6Text, PacketHeaders, parseIp, setU16, u16 } from 'xdpkit/wire';

/** An address and a port, as quiche has them. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** How a reply gets back: by the queue that the packet came in by, under its Ethernet header turned around. */
export interface Route {
  readonly port: BackendPort;
  readonly ethernet: Uint8Array;
}

/** A UDP datagram in a frame. One object for many: {@link read} fills it again. */
export class Datagram {
  /** The payload: offsets into the frames' memory. */
  start = 0;
  end = 0;
  from: Endpoint = { host: '', port: 0 };
  to: Endpoint = { host: '', port: 0 };
  readonly #headers = new PacketHeaders();

  /** @returns whether a frame holds a whole datagram */
  read(bytes: Uint8Array, at: number, length: number): boolean {
    const { protocol, payload, transport, network, ipVersion, isFragment, packetEnd } = this.#headers.read(
      bytes,
      at,
      length,
    );
    if (protocol !== IpProtocol.udp || payload < 0 || isFragment) return false;
    const host = (offset: number) =>
      ipVersion === 4 ? ipv4Text(bytes, network + 12 + offset) : ipv6Text(bytes, network + 8 + 4 * offset);
    this.from = { host: host(0), port: u16(bytes, transport) };
    this.to = { host: host(4), port: u16(bytes, transport + 2) };
    this.start = payload;
    this.end = Math.min(transport + u16(bytes, transport + 4), packetEnd);
    return this.end > this.start;
  }

  /** The way back to who sent the datagram that was read last. */
  route(port: BackendPort): Route {
    const { start, network } = this.#headers;
    const ethernet = port.bytes.slice(start, network);
    ethernet.copyWithin(6, 0, 6);
    ethernet.set(port.bytes.subarray(start + 6, start + 12), 0);
    return { port, ethernet };
  }
}

const memories = new WeakMap<BackendPort, ChecksumMemory>();
const addresses = new Map<string, Uint8Array>();

/**
 * Sends a datagram out of a frame that `produce` writes its payload into.
 *
 * @param produce returns where the payload is from and to and how long it is, or null when there is nothing to send
 * @returns whether one was sent
 */
export function sendDatagram(
  { port, ethernet }: Route,
  isIpv6: boolean,
  produce: (
    payload: Uint8Array,
  ) => readonly [length: number, { readonly from: Endpoint; readonly to: Endpoint }] | null,
): boolean {
  const at = port.reserve();
  if (at < 0) return false;
  const { bytes } = port;
  const ip = at + ethernet.length;
  const udp = ip + (isIpv6 ? 40 : 20);
  const produced = produce(bytes.subarray(udp + 8, at + port.limit));
  if (produced === null) return false;
  const [length, { from, to }] = produced;
  bytes.set(ethernet, at);
  if (isIpv6) writeIpv6(bytes, ip, from, to, length + 8);
  else writeIpv4(bytes, ip, from, to, length + 8);
  setU16(bytes, udp, from.port);
  setU16(bytes, udp + 2, to.port);
  setU16(bytes, udp + 4, length + 8);
  // The sum of the pseudo-header, which the rest is added to.
  const memory = memoryOf(port);
  const [source, sourceLength] = isIpv6 ? [ip + 8, 32] : [ip + 12, 8];
  setU16(bytes, udp + 6, fold(memory.sum(source, sourceLength) + IpProtocol.udp + length + 8));
  const frame = udp + 8 + length - at;
  memory.complete(at, frame);
  port.submit(frame);
  return true;
}

function writeIpv4(bytes: Uint8Array, ip: number, from: Endpoint, to: Endpoint, length: number): void {
  // Version and header length, no differentiated service; no identification, "don't fragment"; a TTL of 64, UDP.
  bytes.set([0x45, 0, (length + 20) >> 8, length + 20, 0, 0, 0x40, 0, 64, IpProtocol.udp, 0, 0], ip);
  bytes.set(addressOf(from.host), ip + 12);
  bytes.set(addressOf(to.host), ip + 16);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += u16(bytes, ip + i);
  setU16(bytes, ip + 10, ~fold(sum));
}

function writeIpv6(bytes: Uint8Array, ip: number, from: Endpoint, to: Endpoint, length: number): void {
  bytes.set([0x60, 0, 0, 0, length >> 8, length, IpProtocol.udp, 64], ip);
  bytes.set(addressOf(from.host), ip + 8);
  bytes.set(addressOf(to.host), ip + 24);
}

function memoryOf(port: BackendPort): ChecksumMemory {
  let memory = memories.get(port);
  if (memory === undefined) {
    memory = new ChecksumMemory(port.bytes);
    memories.set(port, memory);
  }
  return memory;
}

function addressOf(host: string): Uint8Array {
  let address = addresses.get(host);
  if (address === undefined) {
    address = parseIp(host);
    addresses.set(host, address);
    // Addresses come and go.
    if (addresses.size > 10_000) addresses.clear();
  }
  return address;
}
