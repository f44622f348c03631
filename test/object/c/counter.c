// Three kinds of maps and global variables: what came in is counted by destination port, by action and by network.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct count {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u16);
  __type(value, struct count);
} ports SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} actions SEC(".maps");

struct prefix {
  __u32 length;
  __u8 address[4];
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 16);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, __u32);
} networks SEC(".maps");

volatile const __u16 blocked_port = 42;
__u64 seen;
__s32 last_network = -1;

static int count(int action) {
  __u32 key = action;
  __u64 *packets = bpf_map_lookup_elem(&actions, &key);
  if (packets)
    *packets += 1;
  return action;
}

SEC("xdp")
int count_packets(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *ethernet = data;
  struct iphdr *ip = (void *)(ethernet + 1);
  struct udphdr *udp = (void *)(ip + 1);

  seen++;
  if ((void *)(udp + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP)
    return count(XDP_PASS);
  __u16 port = bpf_ntohs(udp->dest);
  struct count *known = bpf_map_lookup_elem(&ports, &port);
  if (known) {
    known->packets++;
    known->bytes += end - data;
  } else {
    struct count first = {1, end - data};
    bpf_map_update_elem(&ports, &port, &first, BPF_NOEXIST);
  }
  struct prefix prefix = {.length = 32};
  __builtin_memcpy(prefix.address, &ip->saddr, 4);
  __u32 *network = bpf_map_lookup_elem(&networks, &prefix);
  last_network = network ? *network : -1;
  return count(port == blocked_port ? XDP_DROP : XDP_PASS);
}

char _license[] SEC("license") = "GPL";
