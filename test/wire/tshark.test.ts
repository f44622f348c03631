// needs: tshark
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, type Frame, ipv6Text, parseIp, summary } from '../../dist/wire/index.js';
import { anyFrame } from './arbitrary-frame.js';
import { CHECK_CHECKSUMS, pcapOf, tsharkFields, withFile } from './tshark.js';

const FIELDS = [
  'eth.dst',
  'eth.src',
  'eth.type',
  'vlan.id',
  'vlan.priority',
  'vlan.dei',
  'ieee8021ad.id',
  'ieee8021ad.svid',
  'ieee8021ad.cvid',
  'ieee8021ad.priority',
  'ieee8021ad.dei',
  'arp.opcode',
  'arp.src.hw_mac',
  'arp.src.proto_ipv4',
  'arp.dst.hw_mac',
  'arp.dst.proto_ipv4',
  'ip.src',
  'ip.dst',
  'ip.dsfield.dscp',
  'ip.dsfield.ecn',
  'ip.id',
  'ip.flags.df',
  'ip.ttl',
  'ip.hdr_len',
  'ip.checksum.status',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.tclass.dscp',
  'ipv6.tclass.ecn',
  'ipv6.flow',
  'ipv6.hlim',
  'udp.srcport',
  'udp.dstport',
  'udp.length',
  'udp.checksum.status',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.flags',
  'tcp.window_size_value',
  'tcp.urgent_pointer',
  'tcp.hdr_len',
  'tcp.checksum.status',
  'icmp.type',
  'icmp.code',
  'icmp.checksum.status',
  'icmpv6.type',
  'icmpv6.code',
  'icmpv6.checksum.status',
] as const;
type Found = Partial<Record<(typeof FIELDS)[number], string>>;

const GOOD = '1';
const flag = (value: boolean) => (value ? '1' : '0');
const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`;

/** What tshark has to say of a frame. */
function expected(frame: Frame): Found {
  const { network, transport } = frame;
  return {
    'eth.dst': frame.ethernet.destination,
    'eth.src': frame.ethernet.source,
    ...tags(frame),
    ...(network?.kind === 'arp' && {
      'arp.opcode': network.operation === 'request' ? '1' : '2',
      'arp.src.hw_mac': network.senderMac,
      'arp.src.proto_ipv4': network.senderIp,
      'arp.dst.hw_mac': network.targetMac,
      'arp.dst.proto_ipv4': network.targetIp,
    }),
    ...(network?.kind === 'ipv4' && {
      'ip.src': network.source,
      'ip.dst': network.destination,
      'ip.dsfield.dscp': String(network.dscp),
      'ip.dsfield.ecn': String(network.ecn),
      'ip.id': hex(network.identification!, 4),
      'ip.flags.df': flag(network.dontFragment!),
      'ip.ttl': String(network.ttl),
      'ip.hdr_len': String(20 + network.options!.length),
      'ip.checksum.status': GOOD,
    }),
    ...(network?.kind === 'ipv6' && {
      'ipv6.src': network.source,
      'ipv6.dst': network.destination,
      'ipv6.tclass.dscp': String(network.dscp),
      'ipv6.tclass.ecn': String(network.ecn),
      'ipv6.flow': hex(network.flowLabel!, 6),
      'ipv6.hlim': String(network.hopLimit),
    }),
    ...(transport?.kind === 'udp' && {
      'udp.srcport': String(transport.sourcePort),
      'udp.dstport': String(transport.destinationPort),
      'udp.length': String(8 + frame.payload!.length),
      'udp.checksum.status': GOOD,
    }),
    ...(transport?.kind === 'tcp' && {
      'tcp.srcport': String(transport.sourcePort),
      'tcp.dstport': String(transport.destinationPort),
      'tcp.seq_raw': String(transport.sequence),
      'tcp.ack_raw': String(transport.acknowledgment),
      'tcp.flags': hex(transport.flags!, 4),
      'tcp.window_size_value': String(transport.window),
      'tcp.urgent_pointer': String(transport.urgent),
      'tcp.hdr_len': String(20 + transport.options!.length),
      'tcp.checksum.status': GOOD,
    }),
    ...(transport?.kind === 'icmp' && icmp(network!.kind === 'ipv4' ? 'icmp' : 'icmpv6', transport)),
  };
}

function icmp(name: 'icmp' | 'icmpv6', transport: { type: number; code?: number }): Found {
  return {
    [`${name}.type`]: String(transport.type),
    [`${name}.code`]: String(transport.code),
    [`${name}.checksum.status`]: GOOD,
  };
}

function tags({ vlan = [] }: Frame): Found {
  const service = vlan.slice(0, -1);
  const of = (prefix: 'vlan' | 'ieee8021ad', list: typeof vlan) =>
    list.length > 0 && {
      [`${prefix}.priority`]: list.map(({ priority }) => priority).join('|'),
      [`${prefix}.dei`]: list.map(({ dropEligible }) => flag(dropEligible!)).join('|'),
    };
  return {
    ...of('ieee8021ad', service),
    ...of('vlan', vlan.slice(-1)),
    ...(service.length === 1 && { 'ieee8021ad.id': String(service[0]!.id) }),
    // It takes a second service tag for the customer's.
    ...(service.length === 2 && {
      'ieee8021ad.svid': String(service[0]!.id),
      'ieee8021ad.cvid': String(service[1]!.id),
    }),
    ...(vlan.length > 0 && { 'vlan.id': String(vlan.at(-1)!.id) }),
  };
}

// Some ICMP types carry packets of their own, which have the same fields: echoes and unknown types don't.
const PLAIN_ICMP = [0, 8, 128, 129, 200, 253];
const frames = fc
  .sample(anyFrame, { seed: 7, numRuns: process.env['XDPKIT_LONG'] ? 20_000 : 1000 })
  .map(({ transport, ...rest }): Frame => {
    if (transport?.kind !== 'icmp') return transport === undefined ? rest : { ...rest, transport };
    return { ...rest, transport: { ...transport, type: PLAIN_ICMP[transport.type % PLAIN_ICMP.length]! } };
  });

test('tshark finds every field as described', () => {
  const found = withFile(pcapOf(frames.map(encodeFrame)), (path) => tsharkFields(path, FIELDS, CHECK_CHECKSUMS));
  expect(found).toHaveLength(frames.length);
  for (const [i, frame] of frames.entries()) {
    const wanted = expected(frame);
    const actual = Object.fromEntries(
      Object.keys(wanted).map((field) => {
        const value = found[i]![field as keyof Found];
        // It writes the end of some addresses with dots.
        return [field, /^ipv6\.(src|dst)$/.test(field) ? ipv6Text(parseIp(value!)) : value];
      }),
    );
    expect(actual, summary(encodeFrame(frame), 0, encodeFrame(frame).length)).toEqual(wanted);
  }
});
