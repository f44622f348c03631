/** What is measured of a filter: a kind of packet, described. */
interface TimedPacket {
  readonly name: string;
  readonly text: string;
}

/** A rule file of bench/c-rules, and the same in C. */
export interface Filter {
  /** Of both files. */
  readonly name: string;
  /** Tables of the program in C, and the rules that have what is in them. */
  readonly tables: Readonly<Record<string, string>>;
  readonly packets: readonly TimedPacket[];
}

const OTHERS: readonly TimedPacket[] = [
  { name: 'tcp', text: 'tcp 20.10.3.4:40000 > 198.51.100.70:443 flags ack' },
  { name: 'udp, IPv6', text: 'udp [2a00:1450::1]:40000 > [2001:db8:100::1]:9' },
  { name: 'udp, tagged', text: 'vlan 7 udp 20.10.3.4:40000 > 198.51.100.7:9' },
];

export const FILTERS: readonly Filter[] = [
  {
    name: 'port',
    tables: {},
    packets: [
      { name: 'hit', text: 'udp 20.10.3.4:40000 > 198.51.100.7:42' },
      { name: 'hit, IPv6', text: 'udp [2a00:1450::1]:40000 > [2001:db8:100::1]:42' },
      { name: 'miss', text: 'udp 20.10.3.4:40000 > 198.51.100.7:9' },
      ...OTHERS,
    ],
  },
  {
    name: 'ports',
    tables: { ports: 'ports' },
    packets: [
      { name: 'hit first', text: 'udp 20.10.3.4:40000 > 198.51.100.7:56' },
      { name: 'hit last', text: 'udp 20.10.3.4:40000 > 198.51.100.7:65164' },
      { name: 'miss', text: 'udp 20.10.3.4:40000 > 198.51.100.7:9' },
      ...OTHERS,
    ],
  },
  {
    name: 'prefixes',
    tables: { prefixes: 'blocklist' },
    packets: [
      { name: 'hit first', text: 'udp 11.3.102.5:40000 > 198.51.100.7:9' },
      { name: 'hit last', text: 'udp 222.249.33.9:40000 > 198.51.100.7:9' },
      { name: 'miss', text: 'udp 20.10.3.4:40000 > 198.51.100.7:9' },
      ...OTHERS,
    ],
  },
  {
    name: 'edge',
    tables: {
      banned_macs: 'banned-macs',
      bogons4: 'bogons',
      bogons6: 'bogons',
      blocklist4: 'blocklist',
      blocklist6: 'blocklist',
      worms: 'worms',
      admins4: 'ssh',
    },
    packets: [
      { name: 'management, rule 1', text: 'vlan 4000 udp 20.10.3.4:40000 > 198.51.100.7:9' },
      { name: 'bogon, rule 9', text: 'udp 10.1.2.3:40000 > 198.51.100.7:9' },
      { name: 'blocklist, rule 11', text: 'tcp 178.70.67.8:40000 > 198.51.100.70:443 flags syn' },
      { name: 'ping, rule 26', text: 'icmp 20.10.3.4 > 198.51.100.7' },
      { name: 'memcached, rule 35', text: 'udp 20.10.3.4:11211 > 198.51.100.70:40000 1400 bytes' },
      { name: 'dns, rule 41', text: 'udp 20.10.3.4:40000 > 198.51.100.53:53' },
      { name: 'web, rule 45', text: 'tcp 20.10.3.4:40000 > 198.51.100.70:443 flags ack' },
      { name: 'web, IPv6', text: 'tcp [2a00:1450::1]:40000 > [2001:db8:100:80::1]:443 flags ack' },
      { name: 'web, tagged', text: 'vlan 7 tcp 20.10.3.4:40000 > 198.51.100.70:443 flags ack' },
      { name: 'reply, rule 49', text: 'tcp 20.10.3.4:443 > 198.51.100.7:40001 flags ack' },
      { name: 'all else, rule 50', text: 'udp 20.10.3.4:40000 > 198.51.100.7:9999' },
    ],
  },
];
