/* A host that tags what it sends with VLAN 10, beside the packet (skb metadata, as a VLAN device does), and untags what comes in. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_8021Q 0x8100

SEC("tag")
int host_tag(struct __sk_buff *skb) {
  return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 10) ? TC_ACT_SHOT : TC_ACT_OK;
}

/* What has another tag, or none, is not for this host. */
SEC("untag")
int host_untag(struct __sk_buff *skb) {
  if (!skb->vlan_present || (skb->vlan_tci & 0xfff) != 10) return TC_ACT_SHOT;
  return bpf_skb_vlan_pop(skb) ? TC_ACT_SHOT : TC_ACT_OK;
}
