// Counts packets in arrays, for each CPU, by sender and by length.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct sender {
	__u64 packets, bytes;
	__u32 longest;
	__u32 last_protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct sender);
} senders SEC(".maps");

SEC("xdp") int count(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	void *data = (void *)(long)ctx->data;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 length = end - data;
	__u32 bucket = length < 64 ? 0 : length < 256 ? 1 : length < 1024 ? 2 : 3;
	__u64 *number = bpf_map_lookup_elem(&lengths, &bucket);

	if (number)
		*number += 1;
	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	__u32 key = ip->protocol & 7;
	number = bpf_map_lookup_elem(&protocols, &key);
	if (number)
		__sync_fetch_and_add(number, 1);
	__u32 address = ip->saddr;
	struct sender *sender = bpf_map_lookup_elem(&senders, &address);
	if (!sender) {
		struct sender first = { .packets = 1, .bytes = length, .longest = length, .last_protocol = ip->protocol };
		return bpf_map_update_elem(&senders, &address, &first, BPF_NOEXIST) ? XDP_DROP : XDP_PASS;
	}
	__sync_fetch_and_add(&sender->packets, 1);
	__sync_fetch_and_add(&sender->bytes, length);
	if (length > sender->longest)
		sender->longest = length;
	sender->last_protocol = ip->protocol;
	if (sender->packets > 6) {
		bpf_map_delete_elem(&senders, &address);
		return XDP_TX;
	}
	return XDP_PASS;
}
