import { all, any, equals, load, masked, not, relation } from './build.js';
import type { Source } from './source.js';
import type { Expression } from './tree.js';

export const EtherType = { ip: 0x0800, arp: 0x0806, rarp: 0x8035, ip6: 0x86dd } as const;
/** IEEE 802.1Q, 802.1ad, and what was there before it. */
const TAGS = [0x8100, 0x88a8, 0x9100];
const MPLS = 0x8847;
/** RFC 3032, 4.3. */
const PPP_MPLS = 0x0281;
const PPPOE_DISCOVERY = 0x8863;
const PPPOE_SESSION = 0x8864;
/** The largest length that IEEE 802.3 has in place of an EtherType. */
const LONGEST_802_3 = 1500;

/** Service access points of IEEE 802.2 with a rule of their own, and the EtherTypes that carry the same protocols. */
const Sap = { ip: 0x06, ipx: 0xe0, netbeui: 0xf0, iso: 0xfe } as const;
const IPX = 0x8137;
const ATALK = 0x809b;
const AARP = 0x80f3;

/** RFC 1661 and its followers: the protocol numbers of PPP that differ from the EtherType. */
const PPP_NUMBERS: Readonly<Record<number, number>> = {
  [EtherType.ip]: 0x0021,
  [EtherType.ip6]: 0x0057,
  24579: 0x0027, // 0x6003, DECnet
  [ATALK]: 0x0029,
  [Sap.iso]: 0x0023,
  66: 0x0031, // 0x42, spanning tree
  [Sap.ipx]: 0x002b,
};

/**
 * Where the headers are. `vlan`, `mpls` and `pppoes` move it on for everything that follows them in the text: also behind an
 * `or`, and whether a `not` stands before them or not, as in libpcap.
 */
export class LinkLayer {
  /** Of the Ethernet or PPP header, in bytes from the frame's beginning. */
  header = 0;
  /** Of the IP header, or whatever else is inside. */
  network = 14;
  /** Of the EtherType, or of PPP's protocol number. */
  #type = 12;
  #isPpp = false;
  #labels = 0;
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** IPv4's ARP and RARP are looked for beside IPv4, but not within MPLS, which carries neither. */
  get hasLabels(): boolean {
    return this.#labels > 0;
  }

  /** Fails where `what` needs an Ethernet header and there is another one by now. */
  expectEthernet(at: number, what: string): void {
    if (this.#isPpp) this.#source.fail(at, `${what} has no meaning behind pppoes: PPP has no such header`);
    if (this.#labels > 0 && what === 'vlan') this.#source.fail(at, 'vlan has no meaning behind mpls');
  }

  /** Whether the frame carries a protocol: its EtherType, or up to 1500 a service access point of IEEE 802.2. */
  carries(at: number, type: number): Expression {
    if (this.#labels > 0) return this.#labelled(at, type);
    if (this.#isPpp) return equals(2, this.#type, PPP_NUMBERS[type] ?? type);
    switch (type) {
      case Sap.ip:
      case Sap.netbeui:
      case Sap.iso:
        return all(this.#isLength(), equals(2, this.network, type * 0x101));
      case Sap.ipx: {
        const raw = equals(2, this.network, 0xffff);
        const saps = any(this.#isSnap(0, IPX), equals(1, this.network, Sap.ipx), raw);
        return any(equals(2, this.#type, IPX), all(this.#isLength(), saps));
      }
      case ATALK:
        return any(equals(2, this.#type, type), all(this.#isLength(), this.#isSnap(0x080007, type)));
      case AARP:
        return any(equals(2, this.#type, type), all(this.#isLength(), this.#isSnap(0, type)));
    }
    if (type > LONGEST_802_3) return equals(2, this.#type, type);
    return all(this.#isLength(), equals(1, this.network, type));
  }

  /** A tag, perhaps of one VLAN; what follows is looked for behind it. */
  vlan(at: number, id?: number): Expression {
    this.expectEthernet(at, 'vlan');
    if (id !== undefined && id > 4095) this.#source.fail(at, `a VLAN has a number up to 4095, not ${id}`);
    const tests = [any(...TAGS.map((tag) => equals(2, this.#type, tag)))];
    if (id !== undefined) tests.push(equals(2, this.network, id, 0x0fff));
    this.#type += 4;
    this.network += 4;
    return all(...tests);
  }

  /** A label, the first or behind others; what follows is looked for behind it. */
  mpls(at: number, label?: number): Expression {
    if (label !== undefined && label > 0xfffff) {
      this.#source.fail(at, `an MPLS label is a number up to 1048575, not ${label}`);
    }
    const first = () => (this.#isPpp ? equals(2, this.#type, PPP_MPLS) : this.carries(at, MPLS));
    const tests = [this.#labels > 0 ? this.#isLastLabel(0) : first()];
    if (label !== undefined) tests.push(equals(4, this.network, label * 4096, 0xfffff000));
    this.network += 4;
    this.#labels++;
    return all(...tests);
  }

  pppoeDiscovery(at: number): Expression {
    return this.carries(at, PPPOE_DISCOVERY);
  }

  /** A PPPoE session, perhaps one; what follows is looked for within it. */
  pppoeSession(at: number, session?: number): Expression {
    if (session !== undefined && session > 0xffff) {
      this.#source.fail(at, `a PPPoE session has a number up to 65535, not ${session}`);
    }
    const tests = [this.carries(at, PPPOE_SESSION)];
    if (session !== undefined) tests.push(equals(4, this.network, session, 0xffff));
    this.header = this.network + 6;
    this.#type = this.header;
    this.network = this.header + 2;
    this.#isPpp = true;
    return all(...tests);
  }

  /** Labels do not say what is behind the last of them: the IP version there does (RFC 4928, 2). */
  #labelled(at: number, type: number): Expression {
    if (type !== EtherType.ip && type !== EtherType.ip6) {
      this.#source.fail(at, 'behind mpls only IPv4 and IPv6 can be told');
    }
    return all(this.#isLastLabel(1), equals(1, this.network, type === EtherType.ip ? 0x40 : 0x60, 0xf0));
  }

  /** Whether the label before here is the last one (1) or not (0). */
  #isLastLabel(bit: 0 | 1): Expression {
    return equals(1, this.network - 2, bit, 1);
  }

  #isLength(): Expression {
    return not(relation('>', load(2, this.#type), LONGEST_802_3));
  }

  /** RFC 1042, and Apple's number for AppleTalk: the lower half first, as libpcap compares it. */
  #isSnap(organization: number, type: number): Expression {
    const lower = ((organization & 0xffff) * 65536 + type) >>> 0;
    const upper = (0xaaaa0300 + (organization >>> 16)) >>> 0;
    return all(equals(4, this.network + 4, lower), equals(4, this.network, upper));
  }

  /** The multicast bit of the destination. */
  isMulticast(): Expression {
    return relation('!=', masked(load(1, this.header), 1), 0);
  }

  /** Whether source (6) or destination (0) is this address: the last four bytes first, as libpcap compares it. */
  hasAddress(offset: 0 | 6, mac: Uint8Array): Expression {
    const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
    const at = this.header + offset;
    return all(equals(4, at + 2, view.getUint32(2)), equals(2, at, view.getUint16(0)));
  }
}
