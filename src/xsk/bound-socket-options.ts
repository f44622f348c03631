import type { Umem } from './umem.js';

/** `auto` takes zero-copy where the driver has it, and copy mode elsewhere. */
export type ZeroCopy = 'auto' | 'on' | 'off';

export interface BoundSocketOptions {
  readonly umem: Umem;
  /** The interface, by index and by the name that errors give. */
  readonly interface: { readonly index: number; readonly name: string };
  readonly queue: number;
  /** The descriptor of the first socket of this queue, when this one shall use its fill and completion ring too. */
  readonly besideFd?: number | undefined;
  /** Entries of each ring, powers of two. Default 2048; 0 leaves RX or TX out. */
  readonly rxSize?: number;
  readonly txSize?: number;
  readonly fillSize?: number;
  readonly completionSize?: number;
  /**
   * Frames that one call into the kernel sends in copy mode, from 32 to `txSize` (XDP_MAX_TX_SKB_BUDGET, Linux 6.17).
   * Default `txSize`; an older kernel sends 32.
   */
  readonly txBudget?: number | undefined;
  /** Default `auto`. A UMEM is zero-copy for all of its sockets or for none; the first one decides. */
  readonly zeroCopy?: ZeroCopy | undefined;
  /** Spare calls while the driver is awake (XDP_USE_NEED_WAKEUP). Default true. */
  readonly needWakeup?: boolean;
  /**
   * Has the driver work in this socket's calls instead of in interrupts (SO_PREFER_BUSY_POLL, Linux 5.11): packets that one
   * call may take in, 1 to 65535 (the kernel's own default is 8; 64 is usual). Needs CAP_NET_ADMIN. Default: interrupts.
   */
  readonly busyPoll?: number | undefined;
  /**
   * Fragments that the driver's zero-copy mode sends in one packet (`zeroCopySegments` of the interface's XDP features), for
   * a UMEM with fragments. Default 1.
   */
  readonly zeroCopySegments?: number | undefined;
  /** Fragments that a packet needs at most, for a UMEM with fragments: longer ones are not sent. Default: what can be. */
  readonly mostFragments?: number | undefined;
  /** Milliseconds to wait for a queue that a dying socket still holds. Default 2000. */
  readonly patience?: number;
}
