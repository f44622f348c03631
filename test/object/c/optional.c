// A program that is loaded only when it is named.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int always(struct xdp_md *ctx) {
  return XDP_PASS;
}

SEC("?xdp")
int on_request(struct xdp_md *ctx) {
  return XDP_TX;
}

char _license[] SEC("license") = "GPL";
