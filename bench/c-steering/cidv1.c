/* CIDv1: 1, any byte, and the server in two bytes. */
#define HAS_VARIANTS 0
#define DECODES_INITIAL 1
#define ID_LENGTH 8
#include "steering.h"

static __always_inline __s64 decode(const __u8 *id, __u32 length, __u32 *variant) {
  (void)variant;
  return length < 4 || id[0] != 1 ? -1 : bpf_ntohs(*(__be16 *)(id + 2));
}

SEC("xdp")
int steering(struct xdp_md *ctx) { return steer(ctx); }
