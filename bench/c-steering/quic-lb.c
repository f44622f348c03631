/* QUIC-LB in plain text: configuration 0, a server ID of 3 bytes and a nonce of 5. */
#define HAS_VARIANTS 1
#define DECODES_INITIAL 0
#define ID_LENGTH 9
#include "steering.h"

static __always_inline __s64 decode(const __u8 *id, __u32 length, __u32 *variant) {
  *variant = id[0] >> 5;
  if (length < ID_LENGTH || id[0] >> 5 != 0)
    return -1;
  return id[1] << 16 | id[2] << 8 | id[3];
}

SEC("xdp")
int steering(struct xdp_md *ctx) { return steer(ctx); }
