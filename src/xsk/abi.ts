/** Numbers of the AF_XDP ABI: include/uapi/linux/if_xdp.h of Linux 6.18. */
export const AF_XDP = 44;
export const SOL_XDP = 283;

export const XDP_MMAP_OFFSETS = 1;
export const XDP_RX_RING = 2;
export const XDP_TX_RING = 3;
export const XDP_UMEM_REG = 4;
export const XDP_UMEM_FILL_RING = 5;
export const XDP_UMEM_COMPLETION_RING = 6;
export const XDP_STATISTICS = 7;
export const XDP_OPTIONS = 8;
export const XDP_MAX_TX_SKB_BUDGET = 9;

export const XDP_PGOFF_RX_RING = 0;
export const XDP_PGOFF_TX_RING = 0x8000_0000;
export const XDP_UMEM_PGOFF_FILL_RING = 0x1_0000_0000;
export const XDP_UMEM_PGOFF_COMPLETION_RING = 0x1_8000_0000;

export const XDP_SHARED_UMEM = 1;
export const XDP_COPY = 2;
export const XDP_ZEROCOPY = 4;
export const XDP_USE_NEED_WAKEUP = 8;

/** In the flags word of a fill or TX ring: the kernel waits to be called. */
export const XDP_RING_NEED_WAKEUP = 1;

/** TX_BATCH_SIZE of net/xdp/xsk.c: frames that a call sends in copy mode where nobody set XDP_MAX_TX_SKB_BUDGET. */
export const TX_BATCH_SIZE = 32;

/** In the answer to XDP_OPTIONS. */
export const XDP_OPTIONS_ZEROCOPY = 1;

/** Bytes that the kernel keeps free before a received frame (include/uapi/linux/bpf.h); the UMEM's headroom adds to it. */
export const XDP_PACKET_HEADROOM = 256;
