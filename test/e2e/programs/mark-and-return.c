/* Marks packets by the last byte of their destination MAC, and sends them back. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int mark_and_return(struct xdp_md *context) {
  unsigned char *data = (void *)(long)context->data;
  if (data + 14 > (unsigned char *)(long)context->data_end) return XDP_PASS;
  data[5] = 0x77;
  return XDP_TX;
}
