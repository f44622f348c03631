// Functions that programs share: static, global and hidden ones, that call each other, and one that the kernel calls.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int calls;

static __noinline int leaf(int x) {
  calls++;
  return x * 3 + calls;
}

static __noinline int middle(int x) {
  return leaf(x + 1) + leaf(x + 2);
}

__noinline int shared(int x) {
  calls += 10;
  return x & 15;
}

__hidden __noinline int hidden(int x) {
  return middle(x) + 1;
}

static int each(__u32 index, void *context) {
  int *sum = context;
  *sum += leaf(index);
  return 0;
}

SEC("xdp")
int first(struct xdp_md *ctx) {
  return middle(ctx->data_end - ctx->data) + shared(ctx->data_end - ctx->data);
}

SEC("xdp")
int second(struct xdp_md *ctx) {
  return hidden(1) + leaf(5);
}

SEC("xdp")
int looping(struct xdp_md *ctx) {
  int sum = 0;
  bpf_loop(4, each, &sum, 0);
  return sum;
}

SEC("xdp")
int alone(struct xdp_md *ctx) {
  return XDP_TX;
}

char _license[] SEC("license") = "GPL";
