import type { BpfMap } from '../kernel/index.js';

/** How an object is to be loaded. */
export interface LoadOptions {
  /** Programs to load, by name, and with them those that its program arrays name. Default: all that are not optional. */
  readonly programs?: readonly string[] | undefined;
  /** Maps to use in the place of the object's own, by name. They have to be of the same shape, and stay with the caller. */
  readonly maps?: Readonly<Record<string, BpfMap>> | undefined;
  /** Pins of maps, by their names: the map that is pinned there is used; where there is none, the object's own is pinned. */
  readonly pins?: Readonly<Record<string, string>> | undefined;
  /** The directory where the object's maps with `LIBBPF_PIN_BY_NAME` are pinned. Default: the bpffs. */
  readonly pinDirectory?: string | undefined;
  /** Other sizes for maps, by name. */
  readonly maxEntries?: Readonly<Record<string, number>> | undefined;
  /**
   * Index of an interface, in the namespace of the calling thread, for programs that call functions for RX metadata
   * (`bpf_xdp_metadata_rx_…`): they can be loaded for one interface only. Others are not bound by it. Linux 6.3.
   */
  readonly boundTo?: number | undefined;
}
