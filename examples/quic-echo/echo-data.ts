import type { CidCodecOptions } from 'xdpkit/quic';

/** What each backend of quic-echo is told. */
export interface EchoData {
  readonly codec: CidCodecOptions;
  /** In PEM. */
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
  /** Of {@link EchoCount}, in shared memory. */
  readonly counts: SharedArrayBuffer;
}

/** Words of a backend's counts. */
export const EchoCount = {
  /** QUIC packets that came. */
  packets: 0,
  /** Connections. */
  accepted: 1,
  /** Packets of no connection here. */
  unknown: 2,
  /** Packets whose ID has the length of the server's own and names another backend. */
  strangers: 3,
  /** Written from outside: milliseconds that the backend shall stand still, once. To see what becomes of the others. */
  stop: 4,
} as const;
export const ECHO_COUNTS_BYTES = 20;
