#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u16);
	__type(value, __u8);
} ports SEC(".maps");

SEC("xdp") int filter(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = ip_of(ctx);
	struct udphdr *udp = ip ? udp_of(ip, end) : 0;
	if (udp) {
		__u16 port = udp->dest;
		if (bpf_map_lookup_elem(&ports, &port))
			return verdict(ctx, 0, XDP_DROP);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
