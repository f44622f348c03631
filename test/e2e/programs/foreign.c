/* Somebody else's XDP program. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int somebody_else(struct xdp_md *context) {
  return XDP_PASS;
}
