/** The packet that a capture file's reader stands at. Its bytes stay in place until the next step. */
export interface CapturedFrame {
  bytes: Uint8Array;
  offset: number;
  /** Bytes that were captured. */
  length: number;
  /** Bytes that the frame had; more than `length` when the capture cut it off. */
  originalLength: number;
  /** When it was captured: since 1970, UTC. 0 when the file doesn't say. */
  seconds: number;
  /** 0 to 999,999,999. */
  nanoseconds: number;
}

/** How one kind of file is taken apart. */
export interface CaptureFormat {
  /**
   * Looks at what begins at `at`. Where that is a whole packet, it fills `frame`; where it is something else and whole,
   * it sets `frame.length` to -1.
   * @returns how many bytes it was, or 0 when it isn't whole yet
   */
  take(bytes: Uint8Array, at: number, end: number, frame: CapturedFrame): number;
}

/** Link-layer type of Ethernet: LINKTYPE_ETHERNET of https://www.tcpdump.org/linktypes.html */
export const LINK_ETHERNET = 1;

/** A larger record is taken for damage: twice what tcpdump and Wireshark ever capture of a packet. */
export const MAX_CAPTURED = 524_288;
