/** Names of the IEEE's registry, as the kernel's if_ether.h and tcpdump have them. */
const NAMES: Readonly<Record<number, string>> = {
  2048: 'IPv4',
  2054: 'ARP',
  8944: 'AVTP',
  34525: 'IPv6',
  33024: '802.1Q',
  34824: 'flow control',
  34825: 'LACP',
  34887: 'MPLS',
  34888: 'MPLS multicast',
  34915: 'PPPoE discovery',
  34916: 'PPPoE',
  34958: '802.1X',
  34984: '802.1ad',
  35020: 'LLDP',
  35045: 'MACsec',
  35063: 'PTP',
};

/** Values up to 1500 are lengths (IEEE 802.3, 3.2.6). Empty for a type without a name here. */
export function etherTypeName(etherType: number): string {
  return etherType <= 1500 ? '802.3' : (NAMES[etherType] ?? '');
}
