/* A packet as docs/rules.md reads it ("What a packet is"), and the counters of its rules: what all filters share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_TAGS 2
#define MAX_EXTENSIONS 6
/* Behind two tags. */
#define MAX_NETWORK_OFFSET (sizeof(struct ethhdr) + MAX_TAGS * sizeof(struct vlan_header))
#define MAX_TRANSPORT_OFFSET 0x7fff
#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET 0x1fff
#define IP6_OFFSET 0xfff8
#define IP6_MORE_FRAGMENTS 1

/* The kernel's headers for programs lack these, or pull in those of libc. */
struct vlan_header {
  __be16 id;
  __be16 type;
};

struct fragment_header {
  __u8 next;
  __u8 reserved;
  __be16 offset;
  __be32 id;
};

/* ICMP's and ICMPv6's. */
struct icmp_header {
  __u8 type;
  __u8 code;
  __be16 checksum;
  __be32 rest;
};

/*
 * What is not there is NULL or 0. (Of an IP header the version says whether it is there: the verifier does not know that
 * a pointer into a packet is never NULL.)
 */
struct packet {
  void *start;
  void *end;
  struct ethhdr *ethernet;
  struct vlan_header *outer;
  struct vlan_header *inner;
  bool has_type;
  __be16 type;
  __u8 version;
  struct iphdr *ip4;
  struct ipv6hdr *ip6;
  void *transport;
  bool has_protocol;
  __u8 protocol;
  bool first_fragment;
  bool later_fragment;
};

static __always_inline bool is_tag(__be16 type) {
  return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

static __always_inline void parse_ipv4(struct packet *packet, void *network) {
  struct iphdr *ip = network;
  if ((void *)(ip + 1) > packet->end || ip->version != 4 || ip->ihl < 5)
    return;
  void *transport = network + ip->ihl * 4;
  if (transport > packet->end)
    return;
  packet->version = 4;
  packet->ip4 = ip;
  packet->has_protocol = true;
  packet->protocol = ip->protocol;
  if (ip->frag_off & bpf_htons(IP_OFFSET)) {
    packet->later_fragment = true;
    return;
  }
  packet->first_fragment = ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS);
  packet->transport = transport;
}

static __always_inline bool is_extension(__u8 number) {
  return number == IPPROTO_HOPOPTS || number == IPPROTO_ROUTING || number == IPPROTO_FRAGMENT ||
         number == IPPROTO_AH || number == IPPROTO_DSTOPTS;
}

/* Where a walk along extension headers stands, and what it has seen. */
struct walk {
  __u32 offset;
  __u8 number;
  bool first_fragment;
  bool later_fragment;
};

/*
 * Walks to the transport header or a later fragment. Returns 0, or -1 if the chain is cut off or too long.
 *
 * Not inline: the verifier looks at a global function once, and not again for each way to its end.
 */
__noinline int walk_extensions(struct xdp_md *ctx, struct walk *walk) {
  void *end = (void *)(long)ctx->data_end;
  if (!walk || walk->offset > MAX_NETWORK_OFFSET + sizeof(struct ipv6hdr))
    return -1;
  void *start = (void *)(long)ctx->data;
  void *at = start + walk->offset;
#pragma unroll
  for (int i = 0; i < MAX_EXTENSIONS && is_extension(walk->number); i++) {
    struct ipv6_opt_hdr *extension = at;
    struct fragment_header *fragment = at;
    if ((void *)(fragment + 1) > end)
      return -1;
    __u32 length = (extension->hdrlen + 1) * 8;
    if (walk->number == IPPROTO_FRAGMENT) {
      length = sizeof(*fragment);
      if (fragment->offset & bpf_htons(IP6_OFFSET)) {
        walk->number = fragment->next;
        walk->later_fragment = true;
        return 0;
      }
      if (fragment->offset & bpf_htons(IP6_MORE_FRAGMENTS))
        walk->first_fragment = true;
    } else if (walk->number == IPPROTO_AH) {
      length = (extension->hdrlen + 2) * 4;
    }
    walk->number = extension->nexthdr;
    at += length;
    if (at > end)
      return -1;
  }
  walk->offset = at - start;
  return is_extension(walk->number) ? -1 : 0;
}

static __always_inline void parse_ipv6(struct xdp_md *ctx, struct packet *packet, void *network) {
  struct ipv6hdr *ip = network;
  if ((void *)(ip + 1) > packet->end || ip->version != 6)
    return;
  packet->version = 6;
  packet->ip6 = ip;
  packet->protocol = ip->nexthdr;
  packet->transport = ip + 1;
  if (is_extension(ip->nexthdr)) {
    struct walk walk = {.offset = packet->transport - packet->start, .number = ip->nexthdr};
    int broken = walk_extensions(ctx, &walk);
    packet->first_fragment = walk.first_fragment;
    if (broken) {
      packet->transport = NULL;
      return;
    }
    packet->protocol = walk.number;
    packet->later_fragment = walk.later_fragment;
    packet->transport = walk.later_fragment ? NULL : packet->start + (walk.offset & MAX_TRANSPORT_OFFSET);
  }
  packet->has_protocol = true;
}

static __always_inline struct packet parse(struct xdp_md *ctx) {
  struct packet packet = {.start = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end};
  struct ethhdr *ethernet = packet.start;
  if ((void *)(ethernet + 1) > packet.end)
    return packet;
  packet.ethernet = ethernet;
  __be16 type = ethernet->h_proto;
  void *network = ethernet + 1;
#pragma unroll
  for (int i = 0; i < MAX_TAGS; i++) {
    if (!is_tag(type))
      break;
    struct vlan_header *tag = network;
    if ((void *)(tag + 1) > packet.end)
      return packet;
    if (i == 0)
      packet.outer = tag;
    else
      packet.inner = tag;
    type = tag->type;
    network = tag + 1;
  }
  packet.has_type = true;
  packet.type = type;
  if (type == bpf_htons(ETH_P_IP))
    parse_ipv4(&packet, network);
  else if (type == bpf_htons(ETH_P_IPV6))
    parse_ipv6(ctx, &packet, network);
  return packet;
}

static __always_inline struct udphdr *udp_header(const struct packet *packet) {
  struct udphdr *udp = packet->transport;
  if (!udp || packet->protocol != IPPROTO_UDP || (void *)(udp + 1) > packet->end)
    return NULL;
  return udp;
}

static __always_inline struct tcphdr *tcp_header(const struct packet *packet) {
  struct tcphdr *tcp = packet->transport;
  if (!tcp || packet->protocol != IPPROTO_TCP || (void *)(tcp + 1) > packet->end)
    return NULL;
  return tcp;
}

static __always_inline struct icmp_header *icmp4_header(const struct packet *packet) {
  struct icmp_header *icmp = packet->transport;
  if (!icmp || packet->version != 4 || packet->protocol != IPPROTO_ICMP || (void *)(icmp + 1) > packet->end)
    return NULL;
  return icmp;
}

static __always_inline struct icmp_header *icmp6_header(const struct packet *packet) {
  struct icmp_header *icmp = packet->transport;
  if (!icmp || packet->version != 6 || packet->protocol != IPPROTO_ICMPV6 || (void *)(icmp + 1) > packet->end)
    return NULL;
  return icmp;
}

struct counter {
  __u64 packets;
  __u64 bytes;
};

/* An element for each rule. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, struct counter);
} counters SEC(".maps");

static __always_inline void count(const struct packet *packet, __u32 rule) {
  struct counter *counter = bpf_map_lookup_elem(&counters, &rule);
  if (!counter)
    return;
  counter->packets++;
  counter->bytes += packet->end - packet->start;
}

static __always_inline int decided(const struct packet *packet, __u32 rule, enum xdp_action action) {
  count(packet, rule);
  return action;
}

char _license[] SEC("license") = "GPL";
