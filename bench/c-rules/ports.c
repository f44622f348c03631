/* ports.yaml: drops what goes to one of many UDP ports. */
#include "packet.h"

/* Filled from the rule file; keys in network order. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __type(key, __be16);
  __type(value, __u8);
} ports SEC(".maps");

SEC("xdp")
int filter(struct xdp_md *ctx) {
  struct packet packet = parse(ctx);
  struct udphdr *udp = udp_header(&packet);
  if (!udp)
    return XDP_PASS;
  __be16 port = udp->dest;
  if (bpf_map_lookup_elem(&ports, &port))
    return decided(&packet, 0, XDP_DROP);
  return XDP_PASS;
}
