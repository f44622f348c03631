/** What an XDP program returns (enum xdp_action in include/uapi/linux/bpf.h). Any other value counts as aborted. */
export const XdpAction = {
  /** Dropped, and reported on the tracepoint xdp:xdp_exception. */
  aborted: 0,
  drop: 1,
  /** On to the host's network stack. */
  pass: 2,
  /** Back out of the interface it came in on. */
  tx: 3,
  /** Where bpf_redirect or bpf_redirect_map said. */
  redirect: 4,
} as const;

/** Offsets in bytes of the fields of struct xdp_md, which R1 points to at the start; each is a u32 to be loaded as such. */
export const XdpContext = {
  /** The first byte of the packet; the verifier turns it into a pointer. */
  data: 0,
  /** The byte behind the packet; every access has to be compared with it first. */
  dataEnd: 4,
  dataMeta: 8,
  ingressIfindex: 12,
  rxQueueIndex: 16,
  /** Only in programs attached to a DEVMAP entry. */
  egressIfindex: 20,
} as const;
