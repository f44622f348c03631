import { ARP_PACKET, type Arp, readArp, writeArp } from './arp.js';
import { ChecksumMemory, fold } from './checksum.js';
import { type Ethernet, readEthernet, readTags, type VlanTag, writeEthernet } from './ethernet.js';
import { copyOf, ETHERNET_HEADER, EtherType, IpProtocol, setU16, VLAN_TAG } from './headers.js';
import { type Ipv4, ipv4HeaderLength, readIpv4, writeIpv4 } from './ipv4.js';
import { type Ipv6, ipv6HeaderLength, readIpv6, writeIpv6 } from './ipv6.js';
import { PacketHeaders } from './packet-headers.js';
import { CHECKSUM_FIELD, readTransport, type Transport, transportHeaderLength, writeTransport } from './transport.js';

/** A frame taken apart, from the outside in. */
export interface Frame {
  readonly ethernet: Ethernet;
  /** The outermost tag first. */
  readonly vlan?: readonly VlanTag[];
  readonly network?: Arp | Ipv4 | Ipv6;
  /** Needs IPv4 or IPv6. */
  readonly transport?: Transport;
  /** What follows the last of these headers. */
  readonly payload?: Uint8Array;
  /** What follows the end of the IP or ARP packet: Ethernet's padding. */
  readonly trailer?: Uint8Array;
}

const EXPERIMENTAL_PROTOCOL = 253;
/** IEEE 802 local experimental EtherType. */
const EXPERIMENTAL_TYPE = 0x88b5;

/**
 * The bytes of a frame, without a frame check sequence. Lengths are computed, and so are checksums that are not given.
 *
 * @throws XDP_ERR_USAGE for an address that is none
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const { vlan = [], network, transport, payload = EMPTY, trailer = EMPTY } = frame;
  const networkAt = ETHERNET_HEADER + vlan.length * VLAN_TAG;
  const transportAt = networkAt + networkLength(network);
  const payloadAt = transportAt + (transport === undefined ? 0 : transportHeaderLength(transport));
  const end = payloadAt + payload.length;
  const bytes = new Uint8Array(end + trailer.length);
  const type = frame.ethernet.type ?? (network === undefined ? EXPERIMENTAL_TYPE : EtherType[network.kind]);
  writeEthernet(bytes, frame.ethernet, vlan, type);
  if (network?.kind === 'arp') writeArp(bytes, networkAt, network);
  else if (network !== undefined) {
    const number = transport === undefined ? EXPERIMENTAL_PROTOCOL : protocolOf(transport, network);
    if (network.kind === 'ipv4') writeIpv4(bytes, networkAt, network, network.protocol ?? number, end - networkAt);
    else writeIpv6(bytes, networkAt, network, network.nextHeader ?? number, end - networkAt);
  }
  if (transport !== undefined) writeTransport(bytes, transportAt, transport, end - transportAt);
  bytes.set(payload, payloadAt);
  bytes.set(trailer, end);
  if (network !== undefined && network.kind !== 'arp')
    writeChecksums(bytes, network, networkAt, transport, transportAt, end);
  return bytes;
}
const EMPTY = new Uint8Array(0);

function networkLength(network: Frame['network']): number {
  if (network === undefined) return 0;
  if (network.kind === 'arp') return ARP_PACKET;
  return network.kind === 'ipv4' ? ipv4HeaderLength(network) : ipv6HeaderLength(network);
}

function protocolOf(transport: Transport, network: Ipv4 | Ipv6): number {
  if (transport.kind === 'icmp') return network.kind === 'ipv4' ? IpProtocol.icmp : IpProtocol.icmpv6;
  return IpProtocol[transport.kind];
}

function writeChecksums(
  bytes: Uint8Array,
  network: Ipv4 | Ipv6,
  networkAt: number,
  transport: Transport | undefined,
  transportAt: number,
  end: number,
): void {
  const memory = new ChecksumMemory(bytes);
  if (network.kind === 'ipv4' && network.checksum === undefined) {
    setU16(bytes, networkAt + 10, ~memory.sum(networkAt, transportAt - networkAt));
  }
  if (transport === undefined || transport.checksum !== undefined) return;
  const length = end - transportAt;
  let sum = memory.sum(transportAt, length);
  // ICMP's has no pseudo-header; that of ICMPv6 has (RFC 4443, section 2.3).
  if (transport.kind !== 'icmp' || network.kind === 'ipv6') {
    const [at, size] = network.kind === 'ipv4' ? [networkAt + 12, 8] : [networkAt + 8, 32];
    sum = fold(sum + memory.sum(at, size) + protocolOf(transport, network) + length);
  }
  const checksum = ~sum & 0xffff;
  // RFC 768: 0 would say that there is no checksum.
  setU16(
    bytes,
    transportAt + CHECKSUM_FIELD[transport.kind],
    checksum === 0 && transport.kind === 'udp' ? 0xffff : checksum,
  );
}

/**
 * Takes a frame apart, as far as it is whole and known: what isn't stands in the payload. Encoding the result gives the
 * frame again, if its lengths are right. Never reads beyond the frame.
 *
 * @returns undefined for a frame that ends within its Ethernet header or tags
 */
export function decodeFrame(bytes: Uint8Array, start = 0, length: number = bytes.length): Frame | undefined {
  const headers = new PacketHeaders().read(bytes, start, length);
  if (headers.network < 0) return undefined;
  const ethernet = readEthernet(bytes, start, headers.etherType);
  const vlan = readTags(bytes, start, headers.vlanTags);
  const outer = vlan.length > 0 ? { ethernet, vlan } : { ethernet };
  const rest = (from: number) => {
    const trailer = copyOf(bytes, headers.packetEnd, headers.end);
    const payload = copyOf(bytes, from, headers.packetEnd);
    return trailer.length > 0 ? { payload, trailer } : { payload };
  };
  if (headers.etherType === EtherType.arp) {
    const arp = readArp(bytes, headers.network, headers.end);
    if (arp !== undefined) {
      const trailer = copyOf(bytes, headers.network + ARP_PACKET, headers.end);
      return trailer.length > 0 ? { ...outer, network: arp, trailer } : { ...outer, network: arp };
    }
  }
  const network = readNetwork(bytes, headers);
  if (network === undefined) return { ...outer, ...rest(headers.network) };
  const behind = headers.network + networkLength(network);
  const kind = KINDS.get(headers.protocol);
  if (headers.payload < 0 || kind === undefined) return { ...outer, network, ...rest(behind) };
  return { ...outer, network, transport: readTransport(bytes, headers.transport, kind), ...rest(headers.payload) };
}

const KINDS = new Map<number, Transport['kind']>([
  [IpProtocol.tcp, 'tcp'],
  [IpProtocol.udp, 'udp'],
  [IpProtocol.icmp, 'icmp'],
  [IpProtocol.icmpv6, 'icmp'],
]);

function readNetwork(bytes: Uint8Array, { network: at, ipVersion, transport, packetEnd }: PacketHeaders) {
  if (ipVersion === 4) {
    const whole = (bytes[at]! & 15) >= 5 && at + ((bytes[at]! & 15) << 2) <= packetEnd;
    return whole ? readIpv4(bytes, at) : undefined;
  }
  return ipVersion === 6 ? readIpv6(bytes, at, transport < 0 ? at + 40 : transport) : undefined;
}
