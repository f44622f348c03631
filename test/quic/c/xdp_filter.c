/*
 * A QUIC filter in C with the names and layouts of maps that a well-known AF_XDP demonstration has: long headers to UDP port 4433,
 * CIDv1 in the destination ID (byte 0 is 1, the backend stands in bytes 2 and 3), a socket by backend modulo 64.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_QUEUES 64
#define MAX_CID 20

struct cid {
	__u8 bytes[MAX_CID];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct cid);
	__type(value, __u64);
} cid_counter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct cid);
	__type(value, __u32);
} cid_backend_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, MAX_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

SEC("xdp")
int xdp_filter(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	__u8 *quic = (void *)(udp + 1);
	struct cid key = {};
	__u64 one = 1, *count;
	__u32 queue;

	/* The first byte, the version, the ID's length, and an ID of at least 8 bytes. */
	if (quic + 14 > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	if (udp->dest != bpf_htons(4433) || !(quic[0] & 0x80) || quic[5] > MAX_CID)
		return XDP_PASS;
	__builtin_memcpy(key.bytes, quic + 6, 8);
	count = bpf_map_lookup_elem(&cid_counter, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&cid_counter, &key, &one, BPF_ANY);
	if (key.bytes[0] != 1)
		return XDP_PASS;
	queue = ((key.bytes[2] << 8) | key.bytes[3]) % MAX_QUEUES;
	bpf_map_update_elem(&cid_backend_map, &key, &queue, BPF_ANY);
	return bpf_redirect_map(&xsks_map, queue, 0);
}

char LICENSE[] SEC("license") = "GPL";
