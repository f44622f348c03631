/** The words of pcap-filter(7) that mean something by themselves. As a name each of them takes a backslash: `\tcp`. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  `and or not src dst host net mask port portrange proto protochain gateway less greater byte broadcast multicast len
  length vlan mpls pppoed pppoes
  link ether ppp slip fddi tr wlan ip ip6 arp rarp sctp tcp udp icmp icmp6 igmp igrp pim vrrp carp ah esp radio
  atalk aarp decnet lat sca moprc mopdl stp ipx netbeui iso clnp esis es-is isis is-is
  l1 l2 iih lsp snp csnp psnp inbound outbound ifindex geneve lane llc bcc type subtype dir direction
  addr1 addr2 addr3 addr4 address1 address2 address3 address4 ra ta
  metac oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect
  on ifname rset ruleset rnr rulenum srnr subrulenum reason action
  fisu lssu lsu msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls`.split(/\s+/),
);

/** What several keywords stand for. The names of other media all mean the link layer, whichever it is. */
export const SAME_WORDS: Readonly<Record<string, string>> = {
  '&&': 'and',
  '||': 'or',
  '!': 'not',
  '==': '=',
  length: 'len',
  link: 'ether',
  ppp: 'ether',
  slip: 'ether',
  fddi: 'ether',
  tr: 'ether',
  wlan: 'ether',
  'es-is': 'esis',
  'is-is': 'isis',
};

/** What may stand before `host`, `port`, `[` and so on, or alone. */
export const PROTOCOLS: ReadonlySet<string> = new Set(
  `ether ip ip6 arp rarp sctp tcp udp icmp icmp6 igmp igrp pim vrrp carp ah esp atalk aarp decnet lat sca moprc mopdl stp
  ipx netbeui iso clnp esis isis`.split(/\s+/),
);

/** Names of numbers, for byte access: `icmp[icmptype] = icmp-echo`, `tcp[tcpflags] & tcp-syn != 0`. */
export const CONSTANTS: Readonly<Record<string, number>> = {
  icmptype: 0,
  icmpcode: 1,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-sourcequench': 4,
  'icmp-redirect': 5,
  'icmp-echo': 8,
  'icmp-routeradvert': 9,
  'icmp-routersolicit': 10,
  'icmp-timxceed': 11,
  'icmp-paramprob': 12,
  'icmp-tstamp': 13,
  'icmp-tstampreply': 14,
  'icmp-ireq': 15,
  'icmp-ireqreply': 16,
  'icmp-maskreq': 17,
  'icmp-maskreply': 18,
  icmp6type: 0,
  icmp6code: 1,
  'icmp6-destinationunreach': 1,
  'icmp6-packettoobig': 2,
  'icmp6-timeexceeded': 3,
  'icmp6-parameterproblem': 4,
  'icmp6-echo': 128,
  'icmp6-echoreply': 129,
  'icmp6-multicastlistenerquery': 130,
  'icmp6-multicastlistenerreportv1': 131,
  'icmp6-multicastlistenerdone': 132,
  'icmp6-routersolicit': 133,
  'icmp6-routeradvert': 134,
  'icmp6-neighborsolicit': 135,
  'icmp6-neighboradvert': 136,
  'icmp6-redirect': 137,
  'icmp6-routerrenum': 138,
  'icmp6-nodeinformationquery': 139,
  'icmp6-nodeinformationresponse': 140,
  'icmp6-ineighbordiscoverysolicit': 141,
  'icmp6-ineighbordiscoveryadvert': 142,
  'icmp6-multicastlistenerreportv2': 143,
  'icmp6-homeagentdiscoveryrequest': 144,
  'icmp6-homeagentdiscoveryreply': 145,
  'icmp6-mobileprefixsolicit': 146,
  'icmp6-mobileprefixadvert': 147,
  'icmp6-certpathsolicit': 148,
  'icmp6-certpathadvert': 149,
  'icmp6-multicastrouteradvert': 151,
  'icmp6-multicastroutersolicit': 152,
  'icmp6-multicastrouterterm': 153,
  tcpflags: 13,
  'tcp-fin': 0x01,
  'tcp-syn': 0x02,
  'tcp-rst': 0x04,
  'tcp-push': 0x08,
  'tcp-ack': 0x10,
  'tcp-urg': 0x20,
  'tcp-ece': 0x40,
  'tcp-cwr': 0x80,
};
