import { XdpError } from '../sys/index.js';
import { parseIp } from '../wire/index.js';
import type { FlowMatch, FlowRule, FlowType, Masked } from './flow-rule.js';
import { formatIp, parsePrefix } from './ip-text.js';
import { formatMac, parseMac } from './mac.js';
import { viewOf } from './netlink-attributes.js';

/**
 * `struct ethtool_rx_flow_spec` (include/uapi/linux/ethtool.h): u32 flow type; 52 bytes of values, 20 of extended ones;
 * the same of masks; u64 ring cookie; u32 location. Values are in network order.
 */
export const FLOW_SPEC_LENGTH = 168;
const VALUES_AT = 4;
const MASKS_AT = 76;
const COOKIE_AT = 152;
const LOCATION_AT = 160;
/** Where extended values begin, counted from the values. */
const EXTENDED = 52;

const FLOW_EXT = 0x8000_0000;
const FLOW_MAC_EXT = 0x4000_0000;
const RX_CLS_FLOW_DISC = 0xffff_ffff_ffff_ffffn;
const RX_CLS_FLOW_WAKE = 0xffff_ffff_ffff_fffen;
const VIRTUAL_FUNCTION_SHIFT = 32n;

/** `struct ethtool_usrip4_spec` has a byte for the version, which has to be 1 (ETH_RX_NFC_IP4), and isn't compared. */
const IP4_VERSION_AT = VALUES_AT + 13;
const ETH_RX_NFC_IP4 = 1;

type Format = 'ip' | 'mac' | 'number';
interface Field {
  readonly name: keyof FlowMatch;
  readonly format: Format;
  readonly at: number;
  readonly length: number;
}
const field = (name: keyof FlowMatch, format: Format, at: number, length: number): Field => ({
  name,
  format,
  at,
  length,
});

const IP4 = [field('sourceIp', 'ip', 0, 4), field('destinationIp', 'ip', 4, 4), field('trafficClass', 'number', 12, 1)];
const IP6 = [
  field('sourceIp', 'ip', 0, 16),
  field('destinationIp', 'ip', 16, 16),
  field('trafficClass', 'number', 36, 1),
];
const ports = (at: number) => [field('sourcePort', 'number', at, 2), field('destinationPort', 'number', at + 2, 2)];
const VLAN = [field('vlanEtherType', 'number', EXTENDED + 8, 2), field('vlanTci', 'number', EXTENDED + 10, 2)];
const MAC = field('destinationMac', 'mac', EXTENDED + 2, 6);
const extended = (...fields: Field[]) => [...fields, MAC, ...VLAN];

const LAYOUTS: Readonly<Record<FlowType, { readonly number: number; readonly fields: readonly Field[] }>> = {
  tcp4: { number: 0x01, fields: extended(...IP4, ...ports(8)) },
  udp4: { number: 0x02, fields: extended(...IP4, ...ports(8)) },
  sctp4: { number: 0x03, fields: extended(...IP4, ...ports(8)) },
  tcp6: { number: 0x05, fields: extended(...IP6, ...ports(32)) },
  udp6: { number: 0x06, fields: extended(...IP6, ...ports(32)) },
  sctp6: { number: 0x07, fields: extended(...IP6, ...ports(32)) },
  ip4: { number: 0x0d, fields: extended(...IP4, field('protocol', 'number', 14, 1)) },
  ip6: { number: 0x0e, fields: extended(...IP6, field('protocol', 'number', 37, 1)) },
  ether: {
    number: 0x12,
    fields: [
      field('destinationMac', 'mac', 0, 6),
      field('sourceMac', 'mac', 6, 6),
      field('etherType', 'number', 12, 2),
      ...VLAN,
    ],
  },
};

/**
 * The rule as the kernel has it.
 *
 * @throws XDP_ERR_USAGE when it matches what packets of its kind don't have, or a value is not valid
 */
export function encodeFlowSpec(rule: FlowRule, location: number): Uint8Array {
  const layout = LAYOUTS[rule.type];
  if (layout === undefined) throw invalid(`${JSON.stringify(rule.type)} is no kind of packet`);
  const spec = new Uint8Array(FLOW_SPEC_LENGTH);
  const view = viewOf(spec);
  let flags = 0;
  for (const [name, wanted] of Object.entries(rule.match)) {
    if (wanted === undefined) continue;
    const place = layout.fields.find((candidate) => candidate.name === name);
    if (place === undefined) throw invalid(`a rule for ${rule.type} can't match ${name}`);
    if (VLAN.includes(place)) flags |= FLOW_EXT;
    if (place === MAC) flags |= FLOW_MAC_EXT;
    const { value, mask } = encodeMasked(place, wanted);
    spec.set(mask, MASKS_AT + place.at);
    // What isn't compared is 0, so that two rules that do the same are the same bytes.
    spec.set(
      value.map((byte, i) => byte & mask[i]!),
      VALUES_AT + place.at,
    );
  }
  if (rule.type === 'ip4') spec[IP4_VERSION_AT] = ETH_RX_NFC_IP4;
  view.setUint32(0, (layout.number | flags) >>> 0, true);
  view.setBigUint64(COOKIE_AT, encodeAction(rule.action), true);
  view.setUint32(LOCATION_AT, location, true);
  return spec;
}

/** @returns `undefined` for a rule that has no words here: of IPsec, of an RSS context (FLOW_RSS), that wakes the machine */
export function decodeFlowSpec(spec: Uint8Array): FlowRule | undefined {
  const view = viewOf(spec);
  const number = view.getUint32(0, true);
  const cookie = view.getBigUint64(COOKIE_AT, true);
  const plain = (number & ~(FLOW_EXT | FLOW_MAC_EXT)) >>> 0;
  const [type, layout] = Object.entries(LAYOUTS).find(([, candidate]) => candidate.number === plain) ?? [];
  if (type === undefined || layout === undefined || cookie === RX_CLS_FLOW_WAKE) return undefined;
  const match: Record<string, unknown> = {};
  for (const place of layout.fields) {
    if (VLAN.includes(place) && (number & FLOW_EXT) === 0) continue;
    if (place === MAC && (number & FLOW_MAC_EXT) === 0) continue;
    const slice = (at: number) => spec.subarray(at + place.at, at + place.at + place.length);
    const value = decodeMasked(place.format, slice(VALUES_AT), slice(MASKS_AT));
    if (value !== undefined) match[place.name] = value;
  }
  return {
    type: type as FlowType,
    match,
    action: decodeAction(cookie),
    location: view.getUint32(LOCATION_AT, true),
  };
}

function encodeAction(action: FlowRule['action']): bigint {
  if (action === 'drop') return RX_CLS_FLOW_DISC;
  const { queue, virtualFunction } = action;
  checkRange('queue', queue, 0xffff_ffff);
  if (virtualFunction === undefined) return BigInt(queue);
  checkRange('virtual function', virtualFunction, 0xfe);
  // 0 is the device itself (ethtool_get_flow_spec_ring_vf).
  return (BigInt(virtualFunction + 1) << VIRTUAL_FUNCTION_SHIFT) | BigInt(queue);
}

function decodeAction(cookie: bigint): FlowRule['action'] {
  if (cookie === RX_CLS_FLOW_DISC) return 'drop';
  const queue = Number(cookie & 0xffff_ffffn);
  const vf = Number((cookie >> VIRTUAL_FUNCTION_SHIFT) & 0xffn);
  return vf === 0 ? { queue } : { queue, virtualFunction: vf - 1 };
}

function encodeMasked(place: Field, wanted: string | number | Masked<string> | Masked<number>) {
  if (typeof wanted === 'object') {
    return { value: encodeValue(place, wanted.value), mask: encodeValue(place, wanted.mask) };
  }
  if (place.format === 'ip' && typeof wanted === 'string' && wanted.includes('/')) {
    const { address, prefixLength } = parsePrefix(wanted);
    return { value: checkLength(place, address, wanted), mask: prefixMask(place.length, prefixLength) };
  }
  return { value: encodeValue(place, wanted), mask: new Uint8Array(place.length).fill(0xff) };
}

function encodeValue(place: Field, value: string | number): Uint8Array {
  if (place.format === 'number') {
    checkRange(place.name, value, 2 ** (place.length * 8) - 1);
    return Uint8Array.from({ length: place.length }, (_, i) => Number(value) >> ((place.length - 1 - i) * 8));
  }
  const text = String(value);
  return checkLength(place, place.format === 'ip' ? parseIp(text) : parseMac(text), text);
}

function checkLength(place: Field, bytes: Uint8Array, text: string): Uint8Array {
  if (bytes.length !== place.length) throw invalid(`${text} is of the wrong version of IP for this rule`);
  return bytes;
}

function decodeMasked(format: Format, value: Uint8Array, mask: Uint8Array): unknown {
  if (mask.every((byte) => byte === 0)) return undefined;
  if (mask.every((byte) => byte === 0xff)) return decodeValue(format, value);
  if (format === 'ip') {
    const length = mask.reduce((bits, byte) => bits + byte.toString(2).replaceAll('0', '').length, 0);
    if (Buffer.compare(mask, prefixMask(mask.length, length)) === 0) return `${formatIp(value)}/${length}`;
  }
  return { value: decodeValue(format, value), mask: decodeValue(format, mask) };
}

function decodeValue(format: Format, bytes: Uint8Array): string | number {
  if (format === 'ip') return formatIp(bytes);
  if (format === 'mac') return formatMac(bytes);
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function prefixMask(length: number, prefixLength: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => 0xff & ~(0xff >> Math.min(8, Math.max(0, prefixLength - at * 8))));
}

function checkRange(what: string, value: unknown, most: number): void {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return;
  throw invalid(`${what} has to be a whole number from 0 to ${most}, not ${JSON.stringify(value)}`);
}

function invalid(message: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', message);
}
