/* port.yaml: drops what goes to one UDP port. */
#include "packet.h"

enum { FORTY_TWO = 42 };

SEC("xdp")
int filter(struct xdp_md *ctx) {
  struct packet packet = parse(ctx);
  struct udphdr *udp = udp_header(&packet);
  if (udp && udp->dest == bpf_htons(FORTY_TWO))
    return decided(&packet, 0, XDP_DROP);
  return XDP_PASS;
}
