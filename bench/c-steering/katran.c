/* katran's IDs, versions 1 to 3. */
#define HAS_VARIANTS 1
#define DECODES_INITIAL 0
#define ID_LENGTH 8
#include "steering.h"

static __always_inline __s64 decode(const __u8 *id, __u32 length, __u32 *variant) {
  if (length < 8)
    return -1;
  *variant = id[0] >> 6;
  __s32 server;
  switch (id[0] >> 6) {
  case 1:
    server = (id[0] & 0x3f) << 10 | id[1] << 2 | id[2] >> 6;
    break;
  case 2:
    server = id[1] << 16 | id[2] << 8 | id[3];
    break;
  case 3:
    server = (__u32)id[1] << 24 | id[2] << 16 | id[3] << 8 | id[4];
    break;
  default:
    return -1;
  }
  return server > 0 ? server : -1;
}

SEC("xdp")
int steering(struct xdp_md *ctx) { return steer(ctx); }
