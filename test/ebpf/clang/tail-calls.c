// What subprograms.c goes on in.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

SEC("xdp") int second(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;

	if (data + 16 > end)
		return XDP_DROP;
	data[15] += 1;
	if (data[15] & 3)
		bpf_tail_call(ctx, &programs, 1);
	return data[15];
}
