export { ipv4Text, ipv6Text, macText, macTextOf, parseIp, parseMac } from './address-text.js';
export type { Arp } from './arp.js';
export type { CapturedFrame } from './capture-format.js';
export { type CapturedPacket, CaptureReader, readCapture } from './capture-reader.js';
export type { CaptureNote, CaptureWriter } from './capture-writer.js';
export { ChecksumMemory, fold } from './checksum.js';
export { type ClientHello, readClientHello } from './client-hello.js';
export { describedFrame } from './described-frame.js';
export type { Ethernet, VlanTag } from './ethernet.js';
export { decodeFrame, encodeFrame, type Frame } from './frame.js';
export {
  ETHERNET_HEADER,
  EtherType,
  ICMP_HEADER,
  IPV4_HEADER,
  IPV6_HEADER,
  IpProtocol,
  payloadOffset,
  setU16,
  setU32,
  TCP_HEADER,
  UDP_HEADER,
  u16,
  u32,
  VLAN_TAG,
} from './headers.js';
export type { Ipv4 } from './ipv4.js';
export type { Ipv6 } from './ipv6.js';
export { PacketHeaders } from './packet-headers.js';
export { pcapHeader, pcapRecord } from './pcap.js';
export { PcapWriter } from './pcap-writer.js';
export { PcapngWriter } from './pcapng-writer.js';
export { CryptoStream, type CryptoVisitor, visitCryptoFrames } from './quic-crypto.js';
export { encodeQuicHeader, type QuicLongHeader, type QuicShortHeader } from './quic-encode.js';
export { QuicHeader, type QuicPacketType, QuicVersion } from './quic-header.js';
export { type OpenedInitial, openInitial } from './quic-initial.js';
export { initialKeys, type QuicKeys } from './quic-keys.js';
export { summary } from './summary.js';
export { type Icmp, type Tcp, TcpFlag, type Transport, type Udp } from './transport.js';
