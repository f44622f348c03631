/* edge.yaml: 50 rules of many kinds, in their order. */
#include "packet.h"

enum rule {
  MANAGEMENT,
  QUARANTINE,
  DOUBLE_TAGGED,
  SPANNING_TREE,
  BANNED_MACS,
  ARP,
  NOT_IP,
  TOO_LONG,
  BOGONS,
  SPOOFED,
  BLOCKLIST,
  NOT_OURS,
  EXPIRED,
  VOICE,
  LATER_FRAGMENTS,
  FIRST_FRAGMENTS_OF_TCP,
  NULL_SCAN,
  XMAS_SCAN,
  SYN_FIN,
  SYN_RST,
  FIN_ALONE,
  PORT_ZERO,
  ICMP_REDIRECT,
  ICMP_OLD,
  ICMP_LARGE,
  ICMP,
  ROUTER_ADVERTISEMENT,
  ICMPV6,
  ICMP_REST,
  SMALL_SERVICES,
  PORTMAP,
  SNMP,
  CLDAP,
  SSDP,
  MEMCACHED,
  MONLIST,
  NETBIOS,
  SMB,
  TELNET,
  WORMS,
  DNS,
  DNS_ELSEWHERE,
  NTP,
  MAIL,
  WEB,
  SSH,
  VPN,
  IPSEC,
  REPLIES,
  ALL_ELSE,
};

enum tcp_flag { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

struct mac {
  __u8 bytes[ETH_ALEN];
};

struct prefix4 {
  __u32 length;
  __be32 address;
};

struct prefix6 {
  __u32 length;
  struct in6_addr address;
};

/* The maps below are filled from the rule file. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, struct mac);
  __type(value, __u8);
} banned_macs SEC(".maps");

struct prefixes4 {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1024);
  __type(key, struct prefix4);
  __type(value, __u8);
};

struct prefixes6 {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1024);
  __type(key, struct prefix6);
  __type(value, __u8);
};

struct prefixes4 bogons4 SEC(".maps"), blocklist4 SEC(".maps"), admins4 SEC(".maps");
struct prefixes6 bogons6 SEC(".maps"), blocklist6 SEC(".maps");

/* Keys in network order. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be16);
  __type(value, __u8);
} worms SEC(".maps");

static __always_inline bool in_prefixes4(void *map, __be32 address) {
  struct prefix4 key = {.length = 32, .address = address};
  return bpf_map_lookup_elem(map, &key);
}

static __always_inline bool in_prefixes6(void *map, const struct in6_addr *address) {
  struct prefix6 key = {.length = 128, .address = *address};
  return bpf_map_lookup_elem(map, &key);
}

static __always_inline __be32 ip4(__u8 a, __u8 b, __u8 c, __u8 d) {
  return bpf_htonl((__u32)a << 24 | b << 16 | c << 8 | d);
}

/* 198.51.100.0/24 */
static __always_inline bool is_ours4(__be32 address) {
  return (address & ip4(255, 255, 255, 0)) == ip4(198, 51, 100, 0);
}

/* 2001:db8:100::/40 */
static __always_inline bool is_ours6(const struct in6_addr *address) {
  return address->s6_addr32[0] == bpf_htonl(0x20010db8) && address->s6_addr[4] == 1;
}

/* 2001:db8:100::host */
static __always_inline bool is_host6(const struct in6_addr *address, __u16 host) {
  return address->s6_addr32[0] == bpf_htonl(0x20010db8) && address->s6_addr32[1] == bpf_htonl(0x01000000) &&
         address->s6_addr32[2] == 0 && address->s6_addr32[3] == bpf_htonl(host);
}

/* 198.51.100.host or 2001:db8:100::host6 */
static __always_inline bool goes_to_host(const struct packet *packet, __u8 host, __u16 host6) {
  if (packet->version == 4)
    return packet->ip4->daddr == ip4(198, 51, 100, host);
  return is_host6(&packet->ip6->daddr, host6);
}

static __always_inline bool is_bogon(const struct packet *packet) {
  return packet->version == 4 ? in_prefixes4(&bogons4, packet->ip4->saddr) : in_prefixes6(&bogons6, &packet->ip6->saddr);
}

static __always_inline bool is_blocked(const struct packet *packet) {
  return packet->version == 4 ? in_prefixes4(&blocklist4, packet->ip4->saddr)
                     : in_prefixes6(&blocklist6, &packet->ip6->saddr);
}

static __always_inline bool is_spoofed(const struct packet *packet) {
  return packet->version == 4 ? is_ours4(packet->ip4->saddr) : is_ours6(&packet->ip6->saddr);
}

static __always_inline bool goes_to_us(const struct packet *packet) {
  if (packet->version == 4)
    return is_ours4(packet->ip4->daddr);
  const struct in6_addr *address = &packet->ip6->daddr;
  bool is_link_local = (address->s6_addr16[0] & bpf_htons(0xffc0)) == bpf_htons(0xfe80);
  return is_ours6(address) || is_link_local;
}

static __always_inline bool goes_to_web(const struct packet *packet) {
  if (packet->version == 4)
    return (packet->ip4->daddr & ip4(255, 255, 255, 192)) == ip4(198, 51, 100, 64);
  const struct in6_addr *address = &packet->ip6->daddr;
  return address->s6_addr32[0] == bpf_htonl(0x20010db8) && address->s6_addr32[1] == bpf_htonl(0x01000080);
}

static __always_inline __u8 ttl(const struct packet *packet) {
  return packet->version == 4 ? packet->ip4->ttl : packet->ip6->hop_limit;
}

static __always_inline __u8 dscp(const struct packet *packet) {
  if (packet->version == 4)
    return packet->ip4->tos >> 2;
  return (bpf_ntohs(*(__be16 *)packet->ip6) >> 6) & 0x3f;
}

static __always_inline bool is_spanning_tree(const struct ethhdr *ethernet) {
  const __u16 *mac = (const __u16 *)ethernet->h_dest;
  return mac[0] == bpf_htons(0x0180) && mac[1] == bpf_htons(0xc200) && mac[2] == 0;
}

SEC("xdp")
int filter(struct xdp_md *ctx) {
  struct packet packet = parse(ctx);
  __u32 length = packet.end - packet.start;

  /* The link. */
  if (packet.outer) {
    __u16 id = bpf_ntohs(packet.outer->id) & 0xfff;
    if (id == 4000)
      return decided(&packet, MANAGEMENT, XDP_PASS);
    if (id >= 3900 && id <= 3999)
      return decided(&packet, QUARANTINE, XDP_DROP);
  }
  if (packet.inner)
    return decided(&packet, DOUBLE_TAGGED, XDP_DROP);
  if (packet.ethernet) {
    if (is_spanning_tree(packet.ethernet))
      return decided(&packet, SPANNING_TREE, XDP_DROP);
    struct mac source;
    __builtin_memcpy(&source, packet.ethernet->h_source, sizeof(source));
    if (bpf_map_lookup_elem(&banned_macs, &source))
      return decided(&packet, BANNED_MACS, XDP_DROP);
  }
  if (packet.has_type && packet.type == bpf_htons(ETH_P_ARP))
    return decided(&packet, ARP, XDP_PASS);
  if (!packet.has_type || (packet.type != bpf_htons(ETH_P_IP) && packet.type != bpf_htons(ETH_P_IPV6)))
    return decided(&packet, NOT_IP, XDP_DROP);
  if (length >= 1523)
    return decided(&packet, TOO_LONG, XDP_DROP);

  /* Addresses. What has no IP header has no address of ours. */
  if (packet.version == 0)
    return decided(&packet, NOT_OURS, XDP_DROP);
  if (is_bogon(&packet))
    return decided(&packet, BOGONS, XDP_DROP);
  if (is_spoofed(&packet))
    return decided(&packet, SPOOFED, XDP_DROP);
  if (is_blocked(&packet))
    return decided(&packet, BLOCKLIST, XDP_DROP);
  if (!goes_to_us(&packet))
    return decided(&packet, NOT_OURS, XDP_DROP);
  if (ttl(&packet) <= 1)
    return decided(&packet, EXPIRED, XDP_DROP);
  if (dscp(&packet) == 46)
    count(&packet, VOICE);

  /* Fragments. */
  if (packet.later_fragment)
    return decided(&packet, LATER_FRAGMENTS, XDP_DROP);
  if (packet.first_fragment && packet.has_protocol && packet.protocol == IPPROTO_TCP)
    return decided(&packet, FIRST_FRAGMENTS_OF_TCP, XDP_DROP);

  struct tcphdr *tcp = tcp_header(&packet);
  struct udphdr *udp = udp_header(&packet);
  bool is_tcp = false, is_udp = false;
  __u8 flags = 0;
  __u16 source = 0, port = 0;
  if (tcp) {
    is_tcp = true;
    flags = ((__u8 *)tcp)[13];
    source = bpf_ntohs(tcp->source);
    port = bpf_ntohs(tcp->dest);

    if ((flags & (FIN | SYN | RST | PSH | ACK | URG)) == 0)
      return decided(&packet, NULL_SCAN, XDP_DROP);
    if ((flags & (FIN | PSH | URG | SYN | RST)) == (FIN | PSH | URG))
      return decided(&packet, XMAS_SCAN, XDP_DROP);
    if ((flags & (SYN | FIN)) == (SYN | FIN))
      return decided(&packet, SYN_FIN, XDP_DROP);
    if ((flags & (SYN | RST)) == (SYN | RST))
      return decided(&packet, SYN_RST, XDP_DROP);
    if ((flags & (FIN | ACK)) == FIN)
      return decided(&packet, FIN_ALONE, XDP_DROP);
  } else if (udp) {
    is_udp = true;
    source = bpf_ntohs(udp->source);
    port = bpf_ntohs(udp->dest);
  }
  if ((is_tcp || is_udp) && (source == 0 || port == 0))
    return decided(&packet, PORT_ZERO, XDP_DROP);

  /* ICMP. */
  struct icmp_header *icmp4 = icmp4_header(&packet);
  if (icmp4) {
    __u8 type = icmp4->type;
    if (type == 5)
      return decided(&packet, ICMP_REDIRECT, XDP_DROP);
    if (type >= 13 && type <= 18)
      return decided(&packet, ICMP_OLD, XDP_DROP);
    if (type == 8 && length >= 1001)
      return decided(&packet, ICMP_LARGE, XDP_DROP);
    if (type == 0 || type == 3 || type == 8 || type == 11 || type == 12)
      return decided(&packet, ICMP, XDP_PASS);
  }
  struct icmp_header *icmp6 = icmp6_header(&packet);
  if (icmp6) {
    __u8 type = icmp6->type;
    if (type == 133 || type == 134 || type == 137)
      return decided(&packet, ROUTER_ADVERTISEMENT, XDP_DROP);
    if ((type >= 1 && type <= 4) || type == 128 || type == 129 || type == 135 || type == 136)
      return decided(&packet, ICMPV6, XDP_PASS);
  }
  if (packet.has_protocol && (packet.protocol == IPPROTO_ICMP || packet.protocol == IPPROTO_ICMPV6))
    return decided(&packet, ICMP_REST, XDP_DROP);

  /* UDP that comes reflected. */
  if (is_udp) {
    switch (source) {
    case 7:
    case 13:
    case 17:
    case 19:
      return decided(&packet, SMALL_SERVICES, XDP_DROP);
    case 111:
      return decided(&packet, PORTMAP, XDP_DROP);
    case 161:
    case 162:
      return decided(&packet, SNMP, XDP_DROP);
    case 389:
      return decided(&packet, CLDAP, XDP_DROP);
    case 1900:
      return decided(&packet, SSDP, XDP_DROP);
    case 11211:
      return decided(&packet, MEMCACHED, XDP_DROP);
    case 123:
      if (length >= 469)
        return decided(&packet, MONLIST, XDP_DROP);
      break;
    }
  }

  if (is_tcp || is_udp) {
    /* Services that are nobody's business outside. */
    if (port >= 135 && port <= 139)
      return decided(&packet, NETBIOS, XDP_DROP);
    if (is_tcp && port == 445)
      return decided(&packet, SMB, XDP_DROP);
    if (is_tcp && (port == 23 || port == 2323))
      return decided(&packet, TELNET, XDP_DROP);
    __be16 key = bpf_htons(port);
    if (bpf_map_lookup_elem(&worms, &key))
      return decided(&packet, WORMS, XDP_DROP);

    /* Services that we have. */
    if (port == 53) {
      if (goes_to_host(&packet, 53, 0x53))
        return decided(&packet, DNS, XDP_PASS);
      return decided(&packet, DNS_ELSEWHERE, XDP_DROP);
    }
    if (is_udp && port == 123 && packet.version == 4 && packet.ip4->daddr == ip4(198, 51, 100, 123))
      return decided(&packet, NTP, XDP_PASS);
    if (is_tcp && (port == 25 || port == 465 || port == 587) && goes_to_host(&packet, 25, 0x25))
      return decided(&packet, MAIL, XDP_PASS);
    if ((port == 443 || (is_tcp && port == 80)) && goes_to_web(&packet))
      return decided(&packet, WEB, XDP_PASS);
    if (is_tcp && port == 22 && packet.version == 4 && in_prefixes4(&admins4, packet.ip4->saddr))
      return decided(&packet, SSH, XDP_PASS);
    if (is_udp && (port == 500 || port == 4500 || port == 51820))
      return decided(&packet, VPN, XDP_PASS);
  }
  if (packet.has_protocol && (packet.protocol == 50 || packet.protocol == 51))
    return decided(&packet, IPSEC, XDP_PASS);
  if (is_tcp && (flags & ACK) && port >= 1024)
    return decided(&packet, REPLIES, XDP_PASS);
  if (is_udp && port >= 32768 && port <= 60999)
    return decided(&packet, REPLIES, XDP_PASS);
  return decided(&packet, ALL_ELSE, XDP_DROP);
}
