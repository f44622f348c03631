#include "packet.h"

SEC("xdp") int filter(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = ip_of(ctx);
	struct udphdr *udp = ip ? udp_of(ip, end) : 0;
	if (udp && udp->dest == bpf_htons(42))
		return verdict(ctx, 0, XDP_DROP);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
