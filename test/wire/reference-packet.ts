/** Packets and their checksums, built the long way: what src/wire is held against. */

export interface PacketSpec {
  readonly version: 4 | 6;
  readonly protocol: 'udp' | 'tcp';
  readonly vlanTags: number;
  /** 4 bytes of each address count for IPv4, 16 for IPv6. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Bytes of the transport header (checksum field aside) and payload. */
  readonly ports: readonly [number, number];
  readonly payload: Uint8Array;
  /** IPv4: words of options. IPv6: hop-by-hop and destination options headers, in units of 8 bytes each. */
  readonly options: readonly number[];
  /** Bytes of Ethernet padding behind the IP packet. */
  readonly padding: number;
  /** IPv4: the fragment field. */
  readonly fragment?: number;
}

export interface ReferencePacket {
  readonly bytes: Uint8Array;
  /** Where the transport checksum stands. */
  readonly field: number;
  /** Where the Ethernet padding begins. */
  readonly end: number;
  /** What a sender leaves in the field who counts on hardware. */
  readonly partial: number;
  /** What belongs there. */
  readonly right: number;
}

const NUMBERS = { udp: 17, tcp: 6 };

/** One's complement sum by its definition: the remainder of one large number by 65535. */
export function onesComplementSum(bytes: Uint8Array): number {
  const even = bytes.length % 2 === 0 ? bytes : Uint8Array.of(...bytes, 0);
  const number = BigInt(`0x0${Buffer.from(even).toString('hex')}`);
  return number === 0n ? 0 : Number(number % 65535n) || 65535;
}

/** The packet with a checksum field of 0. */
export function buildPacket(spec: PacketSpec): ReferencePacket {
  const { version, protocol, ports, payload } = spec;
  const number = NUMBERS[protocol];
  const addressBytes = version === 4 ? 4 : 16;
  const addresses = [...spec.source.subarray(0, addressBytes), ...spec.destination.subarray(0, addressBytes)];
  const port = ports.flatMap(u16);
  const headerLength = protocol === 'udp' ? 8 : 20;
  const transport = [
    ...port,
    ...(protocol === 'udp'
      ? [...u16(headerLength + payload.length), 0, 0]
      : [1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]),
    ...payload,
  ];
  const ip = version === 4 ? ipv4(spec, number, addresses, transport) : ipv6(spec, number, addresses, transport);
  const tags = Array.from({ length: spec.vlanTags }, (_, i) => [
    i === 0 && spec.vlanTags > 1 ? 0x88 : 0x81,
    0,
    0,
    i + 1,
  ]);
  // 802.1ad has 0x88a8 for the outer tag.
  if (spec.vlanTags > 1) tags[0]![1] = 0xa8;
  const ethernet = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tags.flat(), ...(version === 4 ? [8, 0] : [0x86, 0xdd])];
  const start = ethernet.length + ip.length - transport.length;
  const pseudo = Uint8Array.of(...addresses, 0, number, ...u16(transport.length));
  const sum = onesComplementSum(Uint8Array.of(...pseudo, ...transport));
  const right = 0xffff ^ sum;
  return {
    bytes: Uint8Array.of(...ethernet, ...ip, ...new Array<number>(spec.padding).fill(0x55)),
    field: start + (protocol === 'udp' ? 6 : 16),
    end: ethernet.length + ip.length,
    partial: onesComplementSum(pseudo),
    right: right === 0 && protocol === 'udp' ? 0xffff : right,
  };
}

/** A copy with the field set. */
export function withChecksum({ bytes, field }: ReferencePacket, checksum: number): Uint8Array {
  const copy = bytes.slice();
  copy.set(u16(checksum), field);
  return copy;
}

function ipv4(spec: PacketSpec, protocol: number, addresses: number[], transport: number[]): number[] {
  const options = new Array<number>(spec.options.reduce((sum, words) => sum + words * 4, 0)).fill(1);
  const length = 20 + options.length + transport.length;
  const first = 0x40 | (5 + options.length / 4);
  const fixed = [first, 0, ...u16(length), 0, 7, ...u16(spec.fragment ?? 0x4000), 64, protocol];
  const checksum = 0xffff ^ onesComplementSum(Uint8Array.of(...fixed, ...addresses, ...options));
  return [...fixed, ...u16(checksum), ...addresses, ...options, ...transport];
}

function ipv6(spec: PacketSpec, protocol: number, addresses: number[], transport: number[]): number[] {
  const kinds = spec.options.map((_, i) => (i === 0 ? 0 : 60));
  const headers = spec.options.flatMap((units, i) => {
    const padN = [1, units * 8 - 4, ...new Array<number>(units * 8 - 4).fill(0)];
    return [kinds[i + 1] ?? protocol, units - 1, ...padN];
  });
  const length = headers.length + transport.length;
  return [0x60, 0, 0, 0, ...u16(length), kinds[0] ?? protocol, 64, ...addresses, ...headers, ...transport];
}

function u16(value: number): number[] {
  return [value >> 8, value & 0xff];
}
