#include "packet.h"

struct key {
	__u32 length, address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, __u8);
} prefixes SEC(".maps");

SEC("xdp") int filter(struct xdp_md *ctx)
{
	struct iphdr *ip = ip_of(ctx);
	if (ip) {
		struct key key = { 32, ip->saddr };
		if (bpf_map_lookup_elem(&prefixes, &key))
			return verdict(ctx, 0, XDP_DROP);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
