/* prefixes.yaml: drops what comes from one of many prefixes of IPv4. */
#include "packet.h"

struct prefix {
  __u32 length;
  __be32 address;
};

/* Filled from the rule file. */
struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 16384);
  __type(key, struct prefix);
  __type(value, __u8);
} prefixes SEC(".maps");

SEC("xdp")
int filter(struct xdp_md *ctx) {
  struct packet packet = parse(ctx);
  if (packet.version != 4)
    return XDP_PASS;
  struct prefix source = {.length = 32, .address = packet.ip4->saddr};
  if (bpf_map_lookup_elem(&prefixes, &source))
    return decided(&packet, 0, XDP_DROP);
  return XDP_PASS;
}
