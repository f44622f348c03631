import { load, relation } from './build.js';
import type { Token } from './lexer.js';
import type { LinkLayer } from './link-layer.js';
import { isBroadcast, isMulticast } from './protocols.js';
import type { Source } from './source.js';
import type { TokenReader } from './token-reader.js';
import type { Expression } from './tree.js';

/** Why a primitive of libpcap is none here. */
const REFUSED: Readonly<Record<string, string>> = {
  gateway: 'gateway needs the tables of a host: name the Ethernet address and the host instead',
  protochain: 'protochain is not supported: proto looks at the first header, and behind a fragment header of IPv6',
  inbound: 'inbound and outbound are no property of a frame',
  outbound: 'inbound and outbound are no property of a frame',
  ifindex: 'ifindex is no property of a frame',
  geneve: 'geneve is not supported: look into it with udp[...]',
  llc: 'llc is not supported: look at ether[14] and the bytes behind it',
};

const SUPPORTED = ['broadcast', 'multicast', 'less', 'greater', 'byte', 'vlan', 'mpls', 'pppoed', 'pppoes'];

/** Primitives that have a form of their own. */
export const OTHERS: ReadonlySet<string> = new Set([...SUPPORTED, ...Object.keys(REFUSED)]);

/**
 * What begins with one of {@link OTHERS}, which is read already.
 *
 * @param protocol what stands before it
 */
export function otherPrimitive(
  source: Source,
  tokens: TokenReader,
  link: LinkLayer,
  { text, at }: Token,
  protocol: Token | undefined,
): Expression {
  if (text === 'broadcast') return isBroadcast(source, link, at, protocol?.text);
  if (text === 'multicast') return isMulticast(source, link, at, protocol?.text);
  const refused = REFUSED[text];
  if (refused !== undefined) source.fail(at, refused);
  if (protocol) source.fail(at, `${text} stands alone, without ${protocol.text} before it`);
  switch (text) {
    case 'less':
      return relation('<=', { kind: 'length' }, tokens.expectNumber().value);
    case 'greater':
      return relation('>=', { kind: 'length' }, tokens.expectNumber().value);
    case 'byte':
      return byte(source, tokens);
    case 'vlan':
      return link.vlan(at, optionalNumber(tokens));
    case 'mpls':
      return link.mpls(at, optionalNumber(tokens));
    case 'pppoed':
      return link.pppoeDiscovery(at);
    default:
      return link.pppoeSession(at, optionalNumber(tokens));
  }
}

/** `byte 12 = 8`, the old form of `ether[12] = 8`. Its `&` and `|` never looked at the byte in libpcap. */
function byte(source: Source, tokens: TokenReader): Expression {
  const { value: offset } = tokens.expectNumber();
  const operator = tokens.take('=', '<', '>') ?? tokens.fail('=, < or >');
  const { value, at } = tokens.expectNumber();
  if (value > 255) source.fail(at, `a byte is at most 255, not ${value}`);
  return relation(operator.text as '=' | '<' | '>', load(1, offset), value);
}

/** A number may stand behind `vlan` and its kind. */
function optionalNumber(tokens: TokenReader): number | undefined {
  return tokens.next.kind === 'number' ? tokens.advance().value : undefined;
}
