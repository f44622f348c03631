// Judges by the longest prefix of the sender's address.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct prefix {
	__u32 length;
	__u32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u64);
} prefixes SEC(".maps");

SEC("xdp") int judge(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct prefix key = { .length = 32, .address = ip->saddr };
	__u64 *rule = bpf_map_lookup_elem(&prefixes, &key);
	if (rule) {
		__u64 seen = __sync_fetch_and_add(rule, 0x100);
		return seen & 0xff;
	}
	key.length = 24;
	__u64 fresh = XDP_PASS;
	bpf_map_update_elem(&prefixes, &key, &fresh, BPF_ANY);
	return XDP_DROP;
}
