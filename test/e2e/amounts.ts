import { patient } from '../patience.js';

/** Whether the long versions of the tests run: XDPKIT_LONG=1. */
const LONG = process.env['XDPKIT_LONG'] === '1';

/** How much of something: by default, and for a long run. */
const choose = (usual: number, long: number) => (LONG ? long : usual);

/** Echo requests of each test, and seconds between two of them. */
export const PINGS = choose(250, 10_000);
export const PING_INTERVAL = 0.002;
/** Seconds that iperf3 sends. */
export const IPERF_SECONDS = choose(1, 20);
/** Bytes that are copied over TCP. */
export const COPY_BYTES = choose(64, 1024) * (1 << 20);
/** How often something happens to an interface of a running bridge. */
export const LINK_EVENTS = choose(2, 10);
/** How often a bridge is killed. */
export const KILLS = choose(5, 20);
/** Milliseconds after its start at which a run is interrupted. */
export const MOMENTS: readonly number[] = LONG
  ? Array.from({ length: 20 }, (_, i) => 50 * (i + 1))
  : [50, 150, 300, 450];
/** Frames of a soak; by default it ends by time instead. */
export const SOAK_FRAMES = Number(process.env['XDPKIT_SOAK_FRAMES'] ?? choose(0, 100_000_000));
/** Seconds of a soak without a number of frames. */
export const SOAK_SECONDS = 5;
/** Milliseconds that one test may take. */
export const PATIENCE = patient(choose(60_000, 600_000));
