// Puts an IPv4 header with its checksum in front, or takes it off; metadata says which. Reports to a ring buffer.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} ports SEC(".maps");

struct event {
	__u32 length;
	__u16 type, check;
	__u8 start[8];
};

SEC("xdp") int tunnel(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data, copy;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	copy = *eth;
	if (eth->h_proto == bpf_htons(ETH_P_IP) && ip->protocol == IPPROTO_IPIP) {
		if (bpf_xdp_adjust_head(ctx, sizeof(*ip)))
			return XDP_ABORTED;
	} else {
		__u16 length = end - (void *)ip;
		if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
			return XDP_ABORTED;
		end = (void *)(long)ctx->data_end;
		ip = (void *)(long)ctx->data + sizeof(*eth);
		if ((void *)(ip + 1) > end)
			return XDP_ABORTED;
		struct iphdr outer = {
			.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_IPIP,
			.tot_len = bpf_htons(length + sizeof(outer)), .saddr = bpf_htonl(0x0a000001), .daddr = bpf_htonl(0x0a000002),
		};
		__u32 sum = bpf_csum_diff(0, 0, (void *)&outer, sizeof(outer), 0);
		sum = (sum & 0xffff) + (sum >> 16);
		outer.check = ~sum;
		*ip = outer;
		copy.h_proto = bpf_htons(ETH_P_IP);
	}
	end = (void *)(long)ctx->data_end;
	eth = (void *)(long)ctx->data;
	ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end)
		return XDP_ABORTED;
	*eth = copy;
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->length = end - (void *)eth;
		event->type = eth->h_proto;
		event->check = ip->check;
		__builtin_memset(event->start, 0, sizeof(event->start));
		if (bpf_xdp_load_bytes(ctx, 20, event->start, sizeof(event->start)))
			bpf_ringbuf_discard(event, 0);
		else
			bpf_ringbuf_submit(event, 0);
	}
	return bpf_redirect_map(&ports, ip->ttl & 3, XDP_TX);
}
