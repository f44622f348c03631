import type { TrafficDescription } from './description.js';

/** An option of `xdpkit generate`, for each property of {@link TrafficDescription}. */
export interface GeneratorOption {
  readonly key: keyof TrafficDescription;
  /** What stands behind it, for help. */
  readonly argument: string;
  readonly help: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
}

const option = (key: keyof TrafficDescription, argument: string, help: string): GeneratorOption => ({
  key,
  argument,
  help,
});

export const GENERATOR_OPTIONS: readonly GeneratorOption[] = [
  option('sourceMac', 'mac', "source MAC address (default: the interface's)"),
  option('destinationMac', 'mac', 'destination MAC address'),
  { ...option('vlan', 'id[@priority]', 'a VLAN tag; given twice, the outer one first'), repeatable: true },
  option('source', 'ip', 'source IP address (default: 198.18.0.1 or 2001:2::1)'),
  option('destination', 'ip', 'destination IP address (default: 198.19.0.1 or 2001:2::2)'),
  option('dscp', 'n', 'differentiated services code point'),
  option('ttl', 'n', 'time to live or hop limit (default: 64)'),
  option('flowLabel', 'n', 'IPv6 flow label'),
  option('identification', 'n', 'IPv4 identification'),
  option('protocol', 'name', 'udp, tcp, icmp or quic (default: udp)'),
  option('sourcePort', 'port', 'source port (default: 1024)'),
  option('destinationPort', 'port', 'destination port (default: 9, quic: 443)'),
  option('tcpFlags', 'names', 'such as syn,ack (default: syn)'),
  option('tcpSequence', 'n', 'sequence number'),
  option('icmpIdentifier', 'n', 'identifier of echo requests'),
  option('icmpSequence', 'n', 'sequence number of echo requests (default: 0-65535)'),
  option('quicPacket', 'kind', 'short, initial, 0rtt or handshake (default: short)'),
  option('quicVersion', 'n', '1 or 2 (default: 1)'),
  option('connectionId', 'hex', 'destination connection ID (default: c0c1c2c3c4c5c6c7)'),
  option('sourceConnectionId', 'hex', 'source connection ID (default: d0d1d2d3d4d5d6d7)'),
  option('size', 'bytes', 'of a frame: 64, 64-1500, or a mix such as 64:7,576:4,1500:1 (default: 64)'),
  option('payload', 'what', 'zeros, pattern, random, measure, text:…, hex:… (default: zeros)'),
  option('stream', 'n', 'number of the stream, with --payload measure'),
  option('seed', 'n', 'chooses what is random (default: 0)'),
  option('replay', 'file', 'send the frames of a pcap or pcapng file'),
  option('loop', 'n', 'how often to replay it; 0 is until stopped (default: 1)'),
  option('rate', 'rate', 'such as 1000, 1.5Mpps, 1Gbit, or max (default: max; a replay: as captured)'),
  option('count', 'n', 'frames to send'),
  option('duration', 'time', 'time to send, such as 30, 10s or 5m'),
];

/** `sourceMac` is `--source-mac` on the command line. */
export function optionName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
