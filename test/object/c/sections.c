// What section names say of programs.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int plain(struct xdp_md *ctx) {
  return XDP_PASS;
}

SEC("xdp.frags")
int fragments(struct xdp_md *ctx) {
  return bpf_xdp_get_buff_len(ctx) > 4096 ? XDP_TX : XDP_DROP;
}

SEC("xdp/devmap")
int on_device(struct xdp_md *ctx) {
  return ctx->egress_ifindex ? XDP_PASS : XDP_DROP;
}

SEC("xdp/cpumap")
int on_cpu(struct xdp_md *ctx) {
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
