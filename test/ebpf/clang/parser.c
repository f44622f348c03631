// Parses Ethernet, VLAN tags, IPv4 with options or IPv6, and judges by the port.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct vlan {
	__be16 tag, type;
};

SEC("xdp") int parse(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	void *at = (void *)(long)ctx->data;
	struct ethhdr *eth = at;
	__be16 type;
	__u8 protocol;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	type = eth->h_proto;
	at = eth + 1;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan *vlan = at;
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(vlan + 1) > end)
			return XDP_DROP;
		type = vlan->type;
		at = vlan + 1;
	}
	if (type == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = at;
		if ((void *)(ip + 1) > end || ip->ihl < 5)
			return XDP_DROP;
		if (ip->frag_off & bpf_htons(0x1fff))
			return XDP_PASS;
		protocol = ip->protocol;
		at += ip->ihl * 4;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = at;
		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		protocol = ip->nexthdr;
		at = ip + 1;
	} else {
		return XDP_PASS;
	}
	if (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP)
		return XDP_PASS;
	struct udphdr *udp = at;
	if ((void *)(udp + 1) > end)
		return XDP_DROP;
	switch (bpf_ntohs(udp->dest)) {
	case 53:
		return XDP_DROP;
	case 443:
	case 4433 ... 4440:
		return XDP_TX;
	default:
		return protocol == IPPROTO_TCP ? XDP_PASS : XDP_ABORTED;
	}
}
