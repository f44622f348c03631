import { TcpFlag } from '../wire/index.js';
import type { FrameDescription, Varying } from './description.js';
import { connectionIdKind, type FieldKind, IPV4, IPV6, MAC, numberKind, PORT } from './field-kinds.js';
import { type FieldValues, parseField } from './field-values.js';
import { parseWhole } from './numbers.js';
import { type Payload, parsePayload } from './payload.js';
import { parseSizes, type Sizes } from './sizes.js';
import { naming, usage } from './usage.js';

/** Fields that vary. Each has chances of its own: a new one goes to the end, so that the others stay as they were. */
export const VARYING_FIELDS = [
  'sourceMac',
  'destinationMac',
  'vlanOuter',
  'vlanInner',
  'source',
  'destination',
  'flowLabel',
  'identification',
  'sourcePort',
  'destinationPort',
  'tcpSequence',
  'icmpIdentifier',
  'icmpSequence',
  'connectionId',
  'sourceConnectionId',
] as const;
export type VaryingField = (typeof VARYING_FIELDS)[number];

type Protocol = NonNullable<FrameDescription['protocol']>;
export type QuicPacket = NonNullable<FrameDescription['quicPacket']>;

/** A description of frames whose values are read and checked, with nothing left out. */
export interface FrameFields {
  readonly ipVersion: 4 | 6;
  readonly protocol: Protocol;
  readonly quicPacket: QuicPacket;
  readonly quicVersion: 1 | 2;
  /** Those that the frames have. An empty connection ID isn't there. */
  readonly values: ReadonlyMap<VaryingField, FieldValues>;
  /** Priorities of the VLAN tags, the outer one first: as many as there are tags. */
  readonly vlanPriorities: readonly number[];
  readonly dscp: number;
  readonly ttl: number;
  readonly tcpFlags: number;
  /** Undefined: as the payload or the headers need. */
  readonly sizes: Sizes | undefined;
  readonly payload: Payload;
  readonly stream: number;
  readonly seed: number;
}

type Key = keyof FrameDescription;

/** Properties that only frames of some kinds have. */
const ONLY_FOR: Readonly<Partial<Record<Key, readonly Protocol[]>>> = {
  sourcePort: ['udp', 'tcp', 'quic'],
  destinationPort: ['udp', 'tcp', 'quic'],
  tcpFlags: ['tcp'],
  tcpSequence: ['tcp'],
  icmpIdentifier: ['icmp'],
  icmpSequence: ['icmp'],
  quicPacket: ['quic'],
  quicVersion: ['quic'],
  connectionId: ['quic'],
  sourceConnectionId: ['quic'],
};

/**
 * Reads a description of frames.
 *
 * @param nameOf what errors call a property
 * @throws XDP_ERR_USAGE that names the property and says what it can be
 */
export function parseFrameFields(description: FrameDescription, nameOf: (key: Key) => string): FrameFields {
  const of = <T>(key: Key, standard: T, parse: (value: NonNullable<FrameDescription[Key]>) => T): T => {
    const value = description[key];
    return value === undefined ? standard : naming(nameOf(key), () => parse(value));
  };
  const oneOf = <T extends string>(key: Key, standard: T, choices: readonly T[]) =>
    of(key, standard, (value) => chosen(value, choices));
  const whole = (key: Key, standard: number, max: number) =>
    of(key, standard, (value) => parseWhole(value as number | string, 0, max));

  const protocol = oneOf<Protocol>('protocol', 'udp', ['udp', 'tcp', 'icmp', 'quic']);
  const quicPacket = oneOf<QuicPacket>('quicPacket', 'short', ['short', 'initial', '0rtt', 'handshake']);
  const ipVersion = familyOf(description);
  for (const [key, protocols] of Object.entries(ONLY_FOR)) {
    const name = nameOf(key as Key);
    if (description[key as Key] === undefined || protocols.includes(protocol)) continue;
    throw usage(`${name} is not for ${protocol}`, `it goes with ${nameOf('protocol')} ${protocols.join(' or ')}`);
  }
  refuseUnused(description, nameOf, { ipVersion, quicPacket });

  const values = new Map<VaryingField, FieldValues>();
  const vary = (key: Key & VaryingField, kind: FieldKind, standard: Varying) => {
    values.set(
      key,
      naming(nameOf(key), () => parseField(kind, (description[key] as Varying | undefined) ?? standard)),
    );
  };
  vary('sourceMac', MAC, '02:00:00:00:00:01');
  vary('destinationMac', MAC, '02:00:00:00:00:02');
  const tags = of('vlan', [], (value) => parseTags(value as NonNullable<FrameDescription['vlan']>));
  for (const [i, tag] of tags.entries()) values.set(i < tags.length - 1 ? 'vlanOuter' : 'vlanInner', tag.id);
  vary('source', ipVersion === 4 ? IPV4 : IPV6, ipVersion === 4 ? '198.18.0.1' : '2001:2::1');
  vary('destination', ipVersion === 4 ? IPV4 : IPV6, ipVersion === 4 ? '198.19.0.1' : '2001:2::2');
  if (ipVersion === 6) vary('flowLabel', numberKind('a flow label', 4, 0xfffff), 0);
  else vary('identification', numberKind('an identification', 2, 0xffff), 0);
  if (protocol === 'icmp') {
    vary('icmpIdentifier', numberKind('an identifier', 2, 0xffff), 0);
    vary('icmpSequence', numberKind('a sequence number', 2, 0xffff), '0-65535');
  } else {
    vary('sourcePort', PORT, 1024);
    vary('destinationPort', PORT, protocol === 'quic' ? 443 : 9);
  }
  if (protocol === 'tcp') vary('tcpSequence', numberKind('a sequence number', 4, 0xffff_ffff), 0);
  const identify = (key: 'connectionId' | 'sourceConnectionId', standard: string) => {
    const text = description[key] ?? standard;
    if (text !== 'none')
      values.set(
        key,
        naming(nameOf(key), () => parseField(connectionIdOf(text), text)),
      );
  };
  if (protocol === 'quic') {
    identify('connectionId', 'c0c1c2c3c4c5c6c7');
    if (quicPacket !== 'short') identify('sourceConnectionId', 'd0d1d2d3d4d5d6d7');
  }

  return {
    ipVersion,
    protocol,
    quicPacket,
    quicVersion: of<1 | 2>('quicVersion', 1, (value) => (parseWhole(value as number | string, 1, 2) === 1 ? 1 : 2)),
    values,
    vlanPriorities: tags.map(({ priority }) => priority),
    dscp: whole('dscp', 0, 63),
    ttl: whole('ttl', 64, 255),
    tcpFlags: of('tcpFlags', TcpFlag.syn, (value) => parseTcpFlags(String(value))),
    sizes: of<Sizes | undefined>('size', undefined, (value) => parseSizes(value as number | string)),
    payload: of('payload', parsePayload('zeros'), (value) => parsePayload(String(value))),
    stream: whole('stream', 0, 0xffff_ffff),
    seed: whole('seed', 0, 0xffff_ffff),
  };
}

function chosen<T extends string>(value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw usage(`${JSON.stringify(value)} is none of ${choices.join(', ')}`);
  return found;
}

/** The family that the addresses have; without any it is IPv4. */
function familyOf({ source, destination, flowLabel }: FrameDescription): 4 | 6 {
  return [source, destination].some((address) =>
    String(address ?? '')
      .replace(/^random:/, '')
      .includes(':'),
  ) || flowLabel !== undefined
    ? 6
    : 4;
}

function refuseUnused(
  description: FrameDescription,
  nameOf: (key: Key) => string,
  { ipVersion, quicPacket }: Pick<FrameFields, 'ipVersion' | 'quicPacket'>,
): void {
  if (description.identification !== undefined && ipVersion === 6) {
    throw usage(`${nameOf('identification')} is not for IPv6`, 'only IPv4 headers have one');
  }
  for (const key of ['quicVersion', 'sourceConnectionId'] as const) {
    if (description[key] !== undefined && quicPacket === 'short') {
      throw usage(`${nameOf(key)} is not for short headers`, `it goes with ${nameOf('quicPacket')} initial, for one`);
    }
  }
  if (description.stream !== undefined && description.payload !== 'measure') {
    throw usage(`${nameOf('stream')} is not for this payload`, `it goes with ${nameOf('payload')} measure`);
  }
}

const VLAN_ID = numberKind('a VLAN ID', 2, 4095);

function parseTags(value: NonNullable<FrameDescription['vlan']>): { id: FieldValues; priority: number }[] {
  const list: readonly Varying[] = typeof value === 'object' ? value : [value];
  if (list.length > 2) throw usage('a frame has at most two VLAN tags here');
  return list.map((tag) => {
    const [id = '', priority, ...rest] = String(tag).split('@');
    if (rest.length > 0) throw usage(`${JSON.stringify(tag)} is no VLAN ID with a priority, such as 100@3`);
    return { id: parseField(VLAN_ID, id), priority: priority === undefined ? 0 : parseWhole(priority, 0, 7) };
  });
}

function connectionIdOf(text: string): FieldKind {
  const kind = connectionIdKind(text);
  if (kind !== undefined) return kind;
  throw usage(
    `${JSON.stringify(text)} is no connection ID`,
    'it has 1 to 20 bytes as hexadecimal digits, or is none; random:0000000000000000/0 is 8 bytes at random',
  );
}

function parseTcpFlags(text: string): number {
  const names = Object.keys(TcpFlag) as (keyof typeof TcpFlag)[];
  return text.split(',').reduce((flags, name) => flags | TcpFlag[chosen(name.trim(), names)], 0);
}
