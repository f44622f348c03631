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

/** Flags of a UMEM. */
export const XDP_UMEM_UNALIGNED_CHUNK_FLAG = 1;
export const XDP_UMEM_TX_SW_CSUM = 2;
export const XDP_UMEM_TX_METADATA_LEN = 4;

/** Flags of bind(2). */
export const XDP_SHARED_UMEM = 1;
export const XDP_COPY = 2;
export const XDP_ZEROCOPY = 4;
export const XDP_USE_NEED_WAKEUP = 8;
export const XDP_USE_SG = 16;

/** In the options word of a descriptor: the packet goes on in the next one; request metadata stands before the packet. */
export const XDP_PKT_CONTD = 1;
export const XDP_TX_METADATA = 2;

/**
 * XSK_UNALIGNED_BUF_OFFSET_SHIFT, seen from the upper half of an address: above it stands how far behind the lower 48
 * bits the packet begins.
 */
export const UNALIGNED_OFFSET_SHIFT = 16;

/** struct xsk_tx_metadata: u64 flags; then u16 checksum start, u16 checksum offset, u64 launch time, or a u64 timestamp. */
export const TX_METADATA_SIZE = 24;
export const XDP_TXMD_FLAGS_TIMESTAMP = 1;
export const XDP_TXMD_FLAGS_CHECKSUM = 2;
export const XDP_TXMD_FLAGS_LAUNCH_TIME = 4;

/** In the flags word of a fill or TX ring: the kernel waits to be called. */
export const XDP_RING_NEED_WAKEUP = 1;

/** TX_BATCH_SIZE of net/xdp/xsk.c: frames that a call sends in copy mode where nobody set XDP_MAX_TX_SKB_BUDGET. */
export const TX_BATCH_SIZE = 32;

/** In the answer to XDP_OPTIONS. */
export const XDP_OPTIONS_ZEROCOPY = 1;

/** Bytes that the kernel keeps free before a received frame (include/uapi/linux/bpf.h); the UMEM's headroom adds to it. */
export const XDP_PACKET_HEADROOM = 256;

/** Of include/uapi/asm-generic/socket.h. */
export const SOL_SOCKET = 1;
export const SO_BUSY_POLL = 46;
export const SO_PREFER_BUSY_POLL = 69;
export const SO_BUSY_POLL_BUDGET = 70;
