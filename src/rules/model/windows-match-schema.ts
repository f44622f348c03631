import { z } from 'zod';
import { hex, integer, ipv4Address, ipv6Address, numbers } from './field-schemas.js';
import { maskedAddress } from './masked.js';
import type { Shape } from './shape.js';
import type * as match from './windows-match.js';

const port = integer(0, 0xffff);
const ports = numbers(0xffff);

/** Longest connection ID of QUIC versions 1 and 2 (RFC 9000, section 17.2), and what XDP for Windows has room for. */
const LONGEST_CID = 20;

function idFits(payload: z.core.ParsePayload<{ offset?: number; cid: string }>): void {
  const { offset = 0, cid } = payload.value;
  const end = offset + cid.length / 2;
  if (end <= LONGEST_CID) return;
  const message = `and cid end at byte ${end}; a connection ID has at most ${LONGEST_CID}`;
  payload.issues.push({ code: 'custom', message, input: payload.value, path: ['offset'] });
}

/** The matches of XDP for Windows. */
export const windowsMatches: readonly (z.core.$ZodTypeDiscriminable & z.ZodType<match.WindowsMatch>)[] = [
  z
    .strictObject({ type: z.literal('all') } satisfies Shape<match.AllPacketsMatch>)
    .meta({ description: 'Every packet.' }),
  z
    .strictObject({ type: z.literal('udp') } satisfies Shape<match.UdpMatch>)
    .meta({ description: 'A UDP header is there.' }),
  z
    .strictObject({ type: z.literal(['udp-dst', 'tcp-dst', 'tcp-control-dst']), port } satisfies Shape<
      match.PortMatch<'udp-dst' | 'tcp-dst' | 'tcp-control-dst'>
    >)
    .meta({ description: 'The destination port of UDP or TCP; for tcp-control-dst with SYN, FIN or RST.' }),
  z
    .strictObject({
      type: z.literal(['ipv4-dst-mask', 'inner-ipv4-dst-mask-udp']),
      address: ipv4Address,
      mask: ipv4Address,
    } satisfies Shape<match.AddressMaskMatch<'ipv4-dst-mask' | 'inner-ipv4-dst-mask-udp'>>)
    .check(maskedAddress)
    .meta({ description: 'The IPv4 destination under the mask is the address; inner: of UDP in IPv4 in IP.' }),
  z
    .strictObject({
      type: z.literal(['ipv6-dst-mask', 'inner-ipv6-dst-mask-udp']),
      address: ipv6Address,
      mask: ipv6Address,
    } satisfies Shape<match.AddressMaskMatch<'ipv6-dst-mask' | 'inner-ipv6-dst-mask-udp'>>)
    .check(maskedAddress)
    .meta({ description: 'The IPv6 destination under the mask is the address; inner: of UDP in IPv6 in IP.' }),
  z
    .strictObject({
      type: z.literal(['quic-flow-src-cid', 'quic-flow-dst-cid', 'tcp-quic-flow-src-cid', 'tcp-quic-flow-dst-cid']),
      port,
      offset: z.exactOptional(integer(0, LONGEST_CID - 1)),
      cid: hex(1, LONGEST_CID),
    } satisfies Shape<match.QuicFlowMatch>)
    .check(idFits)
    .meta({ description: "Bytes of a QUIC connection ID: the source's in long headers, the destination's in short." }),
  z
    .strictObject({
      type: z.literal('ipv4-udp-tuple'),
      src: ipv4Address,
      dst: ipv4Address,
      srcPort: port,
      dstPort: port,
    } satisfies Shape<match.UdpTupleMatch<'ipv4-udp-tuple'>>)
    .meta({ description: 'Addresses and ports of UDP over IPv4.' }),
  z
    .strictObject({
      type: z.literal('ipv6-udp-tuple'),
      src: ipv6Address,
      dst: ipv6Address,
      srcPort: port,
      dstPort: port,
    } satisfies Shape<match.UdpTupleMatch<'ipv6-udp-tuple'>>)
    .meta({ description: 'Addresses and ports of UDP over IPv6.' }),
  z
    .strictObject({ type: z.literal('udp-port-set'), ports } satisfies Shape<match.PortSetMatch>)
    .meta({ description: 'The destination port of UDP is in the set.' }),
  z
    .strictObject({
      type: z.literal(['ipv4-udp-port-set', 'ipv4-tcp-port-set']),
      address: ipv4Address,
      ports,
    } satisfies Shape<match.AddressPortSetMatch<'ipv4-udp-port-set' | 'ipv4-tcp-port-set'>>)
    .meta({ description: 'The IPv4 destination is the address, and the destination port is in the set.' }),
  z
    .strictObject({
      type: z.literal(['ipv6-udp-port-set', 'ipv6-tcp-port-set']),
      address: ipv6Address,
      ports,
    } satisfies Shape<match.AddressPortSetMatch<'ipv6-udp-port-set' | 'ipv6-tcp-port-set'>>)
    .meta({ description: 'The IPv6 destination is the address, and the destination port is in the set.' }),
  z
    .strictObject({
      type: z.literal('ip-next-header'),
      protocol: integer(0, 255),
    } satisfies Shape<match.NextHeaderMatch>)
    .meta({ description: "The IP header's own field: IPv4's protocol, IPv6's next header." }),
  z
    .strictObject({
      type: z.literal('icmpv4-echo-reply-ip-dst'),
      address: ipv4Address,
    } satisfies Shape<match.EchoReplyMatch<'icmpv4-echo-reply-ip-dst'>>)
    .meta({ description: 'An ICMP echo reply to the address.' }),
  z
    .strictObject({
      type: z.literal('icmpv6-echo-reply-ip-dst'),
      address: ipv6Address,
    } satisfies Shape<match.EchoReplyMatch<'icmpv6-echo-reply-ip-dst'>>)
    .meta({ description: 'An ICMPv6 echo reply to the address.' }),
];
