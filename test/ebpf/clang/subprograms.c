// Functions that are not inlined, with arrays on their stacks, and a tail call.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NOINLINE static __attribute__((noinline, section("xdp")))

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

NOINLINE __u64 mix(__u64 a, __u64 b, __s32 c)
{
	a ^= b * 0x9e3779b97f4a7c15ull;
	a = a << 13 | a >> 51;
	return a / ((b & 0xffff) + 1) + a % 1000003 + c;
}

NOINLINE __u32 hash(const __u8 *bytes, __u32 count)
{
	__u32 words[4];
	for (__u32 i = 0; i < 4; i++)
		words[i] = count * i + 1;
	for (__u32 i = 0; i < (count & 15); i++)
		words[i & 3] = (words[i & 3] ^ bytes[i]) * 16777619u;
	return mix(words[0], words[1], words[2]) ^ words[3];
}

SEC("xdp") int first(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u8 copy[20] = {};

	if (data + 16 > end)
		return XDP_DROP;
	__builtin_memcpy(copy, data, 16);
	__u32 sum = hash(copy, 15) + hash(copy + 3, copy[0]);
	bpf_tail_call(ctx, &programs, copy[1] & 3);
	return 1000 + (sum & 0xff);
}
