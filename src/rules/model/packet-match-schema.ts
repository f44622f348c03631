import { z } from 'zod';
import * as field from './field-schemas.js';
import { maskedBytes } from './masked.js';
import type * as match from './packet-match.js';
import { RULE_LIMITS } from './rule-set.js';
import type { Shape } from './shape.js';

const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;
const QUIC_PACKETS = ['version-negotiation', 'initial', 'zero-rtt', 'handshake', 'retry', 'one-rtt'] as const;

function flagsMakeSense(payload: z.core.ParsePayload<match.TcpFlagsMatch>): void {
  const { set = [], clear = [] } = payload.value;
  const both = set.filter((flag) => clear.includes(flag));
  const problem = (message: string, path: string[]) =>
    payload.issues.push({ code: 'custom', message, input: payload.value, path });
  if (set.length + clear.length === 0) problem('names neither flags to be set nor flags to be clear', []);
  if (both.length > 0) problem(`has ${both.join(', ')}, which set has too`, ['clear']);
}

/** The matches that XDP for Windows doesn't have. */
export const packetMatches: readonly (z.core.$ZodTypeDiscriminable & z.ZodType<match.PacketMatch>)[] = [
  z
    .strictObject({ type: z.literal(['src-mac', 'dst-mac']), mac: field.macs } satisfies Shape<match.MacMatch>)
    .meta({ description: 'The MAC address is one of these.' }),
  z
    .strictObject({ type: z.literal('ether-type'), value: field.numbers(0xffff) } satisfies Shape<match.EtherTypeMatch>)
    .meta({ description: 'The EtherType behind at most two VLAN tags.' }),
  z
    .strictObject({
      type: z.literal('vlan'),
      tag: z.exactOptional(field.word(['outer', 'inner'])),
      id: z.exactOptional(field.numbers(4095)),
    } satisfies Shape<match.VlanMatch>)
    .meta({ description: 'A VLAN tag is there, with one of these ids if some are given.' }),
  z
    .strictObject({
      type: z.literal(['src-prefix', 'dst-prefix']),
      prefix: field.prefixes,
    } satisfies Shape<match.PrefixMatch>)
    .meta({ description: 'The IP address begins with one of the prefixes, of IPv4 or IPv6.' }),
  z
    .strictObject({
      type: z.literal('ip-protocol'),
      protocol: field.numbers(255),
    } satisfies Shape<match.IpProtocolMatch>)
    .meta({ description: 'The protocol behind the IP header and its extension headers: 6 is TCP.' }),
  z
    .strictObject({ type: z.literal('dscp'), value: field.numbers(63) } satisfies Shape<match.DscpMatch>)
    .meta({ description: 'Differentiated services code point.' }),
  z
    .strictObject({ type: z.literal('ttl'), value: field.numbers(255) } satisfies Shape<match.TtlMatch>)
    .meta({ description: 'Time to live, or hop limit.' }),
  z
    .strictObject({
      type: z.literal('fragment'),
      part: z.exactOptional(field.word(['any', 'first', 'later'])),
    } satisfies Shape<match.FragmentMatch>)
    .meta({ description: 'A fragment of an IP packet.' }),
  z
    .strictObject({
      type: z.literal('port'),
      protocol: z.exactOptional(field.word(['tcp', 'udp', 'either'])),
      side: z.exactOptional(field.word(['src', 'dst', 'either'])),
      ports: field.numbers(0xffff),
    } satisfies Shape<match.PortsMatch>)
    .meta({ description: 'A port of TCP or UDP.' }),
  z
    .strictObject({
      type: z.literal('tcp-flags'),
      set: z.exactOptional(field.words(FLAGS)),
      clear: z.exactOptional(field.words(FLAGS)),
    } satisfies Shape<match.TcpFlagsMatch>)
    .check(flagsMakeSense)
    .meta({ description: 'All flags of set are set, and none of clear.' }),
  z
    .strictObject({
      type: z.literal(['icmpv4', 'icmpv6']),
      icmpType: z.exactOptional(field.numbers(255)),
      code: z.exactOptional(field.numbers(255)),
    } satisfies Shape<match.IcmpMatch>)
    .meta({ description: 'An ICMP header over IPv4, an ICMPv6 header over IPv6.' }),
  z
    .strictObject({
      type: z.literal('quic'),
      form: z.exactOptional(field.word(['long', 'short'])),
      version: z.exactOptional(field.numbers(0xffff_ffff)),
      packet: z.exactOptional(field.wordOrWords(QUIC_PACKETS)),
    } satisfies Shape<match.QuicMatch>)
    .meta({ description: 'A UDP payload that is right when it is read as a QUIC packet.' }),
  z
    .strictObject({ type: z.literal('length'), value: field.numbers(0xffff) } satisfies Shape<match.LengthMatch>)
    .meta({ description: "The frame's length in bytes, without a frame check sequence." }),
  z
    .strictObject({
      type: z.literal('bytes'),
      from: z.exactOptional(field.word(['frame', 'network', 'transport', 'payload'])),
      offset: field.integer(0, RULE_LIMITS.offset),
      value: field.hex(1, RULE_LIMITS.bytes),
      mask: z.exactOptional(field.hex(1, RULE_LIMITS.bytes)),
    } satisfies Shape<match.BytesMatch>)
    .check(maskedBytes)
    .meta({ description: 'Bytes at an offset, under a mask.' }),
];
