import { macText, parseMac } from './address-text.js';
import { ETHERNET_HEADER, EtherType, setU16, u16, VLAN_TAG } from './headers.js';

export interface Ethernet {
  readonly destination: string;
  readonly source: string;
  /** The EtherType behind the tags. Default: what the network layer asks for. */
  readonly type?: number;
}

/** A VLAN tag (IEEE 802.1Q, clause 9). */
export interface VlanTag {
  /** 0 to 4095. */
  readonly id: number;
  /** 0 to 7. Default 0. */
  readonly priority?: number;
  readonly dropEligible?: boolean;
  /** Default: 0x88a8 for the outer ones of several tags (IEEE 802.1ad), 0x8100 for the last. */
  readonly type?: number;
}

/** The tag control information: priority, drop eligible indicator, VLAN ID. */
function tagControl(tag: VlanTag): number {
  return ((tag.priority ?? 0) << 13) | (tag.dropEligible ? 0x1000 : 0) | tag.id;
}

/** Writes header and tags. @returns where the payload begins */
export function writeEthernet(bytes: Uint8Array, header: Ethernet, tags: readonly VlanTag[], type: number): number {
  bytes.set(parseMac(header.destination), 0);
  bytes.set(parseMac(header.source), 6);
  let at = ETHERNET_HEADER - 2;
  for (const [i, tag] of tags.entries()) {
    setU16(bytes, at, tag.type ?? (i < tags.length - 1 ? EtherType.serviceVlan : EtherType.vlan));
    setU16(bytes, at + 2, tagControl(tag));
    at += VLAN_TAG;
  }
  setU16(bytes, at, type);
  return at + 2;
}

/** @param count tags that are there, behind the addresses at `start` */
export function readTags(bytes: Uint8Array, start: number, count: number): VlanTag[] {
  return Array.from({ length: count }, (_, i) => {
    const at = start + ETHERNET_HEADER - 2 + i * VLAN_TAG;
    const control = u16(bytes, at + 2);
    return {
      type: u16(bytes, at),
      id: control & 0xfff,
      priority: control >> 13,
      dropEligible: (control & 0x1000) !== 0,
    };
  });
}

export function readEthernet(bytes: Uint8Array, start: number, type: number): Required<Ethernet> {
  return { destination: macText(bytes, start), source: macText(bytes, start + 6), type };
}
