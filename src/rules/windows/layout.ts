/**
 * Where things stand in an XDP_RULE of XDP for Windows, and in what it points to: x64, little-endian (the public header
 * xdp/program.h). Ports and addresses are in network order.
 */
export const RULE_BYTES = 72;

/** Offsets in an XDP_RULE. */
export const RuleField = {
  match: 0,
  pattern: 8,
  action: 48,
  /** XDP_REDIRECT_PARAMS: what kind of target, and its handle. */
  targetType: 56,
  target: 64,
  /** XDP_EBPF_PARAMS. */
  program: 56,
} as const;

/** Offsets in the pattern, a union. */
export const PatternField = {
  mask: 0,
  maskedAddress: 16,
  tuple: { source: 0, destination: 16, sourcePort: 32, destinationPort: 34 },
  quic: { port: 0, length: 2, offset: 3, id: 4 },
  portSet: 0,
  address: 0,
  addressPortSet: 16,
} as const;

/** A bit for each port. */
export const PORT_SET_BYTES = 8192;

/** XDP_RULE_ACTION. */
export const WindowsAction = { drop: 0, pass: 1, redirect: 2, 'l2-forward': 3, ebpf: 4 } as const;

/** XDP_REDIRECT_TARGET_TYPE_XSKMAP_BY_QUEUEID: the socket of the queue that the packet came in by. */
export const SOCKET_OF_QUEUE = 1;

/** XDP_MATCH_TYPE: 0 is XDP_MATCH_ALL, and so on. */
export const MATCH_TYPES = [
  'all',
  'udp',
  'udp-dst',
  'ipv4-dst-mask',
  'ipv6-dst-mask',
  'quic-flow-src-cid',
  'quic-flow-dst-cid',
  'ipv4-udp-tuple',
  'ipv6-udp-tuple',
  'udp-port-set',
  'ipv4-udp-port-set',
  'ipv6-udp-port-set',
  'ipv4-tcp-port-set',
  'ipv6-tcp-port-set',
  'tcp-dst',
  'tcp-quic-flow-src-cid',
  'tcp-quic-flow-dst-cid',
  'tcp-control-dst',
  'ip-next-header',
  'inner-ipv4-dst-mask-udp',
  'inner-ipv6-dst-mask-udp',
  'icmpv4-echo-reply-ip-dst',
  'icmpv6-echo-reply-ip-dst',
] as const;
