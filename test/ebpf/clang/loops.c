// Loops: the header checksum of IPv4 with options, and bytes that are looked for and turned around.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int loops(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 sum = 0;

	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	__u16 *word = (void *)ip;
	for (int i = 0; i < 30; i++) {
		if (i >= ip->ihl * 2)
			break;
		if ((void *)(word + 1) > end)
			return XDP_ABORTED;
		sum += *word++;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	__u8 *byte = (void *)(ip + 1);
	__s32 found = -1;
	for (int i = 0; i < 64 && (void *)(byte + i + 1) <= end; i++) {
		if (byte[i] == 0x2a) {
			found = i;
			break;
		}
		byte[i] = byte[i] << 4 | byte[i] >> 4;
	}
	if (found >= 0)
		return 1000 + found;
	return (__u16)~sum == 0 ? XDP_PASS : XDP_DROP;
}
