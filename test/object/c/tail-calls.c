// A program array that has programs in it from the start.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int drop(struct xdp_md *ctx);
int bounce(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __array(values, int(struct xdp_md *));
} steps SEC(".maps") = {.values = {[1] = &drop, [5] = &bounce}};

int dropped;

SEC("xdp")
int drop(struct xdp_md *ctx) {
  dropped++;
  return XDP_DROP;
}

SEC("xdp")
int bounce(struct xdp_md *ctx) {
  return XDP_TX;
}

// To the step that the packet's first byte names.
SEC("xdp")
int enter(struct xdp_md *ctx) {
  unsigned char *data = (void *)(long)ctx->data;
  if ((void *)(data + 1) > (void *)(long)ctx->data_end)
    return XDP_ABORTED;
  bpf_tail_call(ctx, &steps, *data);
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
