import type { DeviceOptions, PortEvent } from '../device/index.js';
import { XdpError } from '../sys/index.js';
import type { ZeroCopy } from '../xsk/index.js';

/** A worker's thread died, and another one goes on in its place. */
export interface WorkerEvent {
  readonly worker: number;
  readonly change: 'replaced';
  /** The same for people, as a sentence. */
  readonly message: string;
}

export type BridgeEvent = PortEvent | WorkerEvent;

export interface BridgeOptions {
  /** Two interfaces; one, whose packets are only looked at (a mirror port); with a callback, any number from one up. A port is an interface's place in this list. */
  readonly interfaces: readonly string[];
  /** Module whose default export is a {@link PacketCallback}; each worker loads its own copy. */
  readonly callback?: URL | undefined;
  /** Threads. Default: as many as `cpus`, or as processors, and at most the smallest queue count. */
  readonly workers?: number | undefined;
  /** Processors to bind the workers to, in turn. Default: none, the scheduler chooses. */
  readonly cpus?: readonly number[] | undefined;
  readonly mode?: DeviceOptions['mode'];
  /** Default `auto`. */
  readonly zeroCopy?: ZeroCopy | undefined;
  /**
   * Bytes: an even number from 2048 to 4096. Default 2048, or 4096 where 2048 hold no packet of the MTU (above 1770), and with igb and igc. Where
   * a frame does not hold a packet either, packets come in several fragments (Linux 6.6, and a driver that can).
   */
  readonly frameSize?: number | undefined;
  /**
   * Have the drivers work in the workers' calls instead of in interrupts: packets that one call may take in, 1 to 65535;
   * 64 is usual. Needs CAP_NET_ADMIN; Linux 5.11. Default: interrupts.
   */
  readonly busyPoll?: number | undefined;
  /** Entries of each ring: a power of two from 64 to 16384. Default 2048. */
  readonly ring?: number | undefined;
  /** Packets handled at once: 1 to 1024, and no more than a ring has entries. Default 256: a call into the kernel costs as much as several packets. */
  readonly batch?: number | undefined;
  /** `adaptive` (default) sleeps when nothing comes; `spin` never sleeps and takes a whole processor for each worker. */
  readonly wait?: 'adaptive' | 'spin' | undefined;
  /** Counts source addresses and EtherTypes. Can be changed at any time. Default false. */
  readonly statistics?: boolean | undefined;
  /** Name of a tap to make: settings say which interfaces' packets are copied there. `TAP_NAME` is usual. Default: none. */
  readonly tap?: string | undefined;
  /** Frames of each worker that faults may hold back at once (delay, reordering, rate): 0 to 65536. Default 1024. */
  readonly holdFrames?: number | undefined;
  readonly force?: boolean | undefined;
  /** Network namespace of the interfaces, by name or path. Default: the caller's. */
  readonly netns?: string | undefined;
  /** Checks every change of a frame's owner, at the cost of some speed. Default false. */
  readonly ledger?: boolean | undefined;
  /** Called when something happens to an interface or a worker that the bridge goes on after. */
  readonly onEvent?: ((event: BridgeEvent) => void) | undefined;
  /** Ends the opening with the signal's reason, and closes the bridge when it is open. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws XDP_ERR_USAGE for a value out of range */
export function checkBridgeOptions(options: BridgeOptions): void {
  const {
    interfaces,
    callback,
    workers,
    cpus,
    holdFrames = 0,
    frameSize = 2048,
    busyPoll,
    ring = 2048,
    batch = 1,
  } = options;
  const demand = (holds: boolean, message: string) => {
    if (!holds) throw new XdpError('XDP_ERR_USAGE', message);
  };
  const whole = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high;
  demand(interfaces.length > 0, 'there has to be an interface');
  const few = callback !== undefined || interfaces.length <= 2;
  demand(few, `without a callback, a bridge has two interfaces and a mirror one, not ${interfaces.length}`);
  demand(new Set(interfaces).size === interfaces.length, 'an interface was named twice');
  demand(workers === undefined || whole(workers, 1, 1024), `there are 1 to 1024 workers, not ${workers}`);
  demand(
    cpus === undefined || (cpus.length > 0 && cpus.every((cpu) => whole(cpu, 0, 8191))),
    `processors are whole numbers from 0 up, not ${cpus?.join(',')}`,
  );
  demand(
    whole(frameSize, 2048, 4096) && frameSize % 2 === 0,
    `a frame has 2048 to 4096 bytes, an even number, not ${frameSize}`,
  );
  demand(whole(holdFrames, 0, 0x10000), `0 to 65536 frames may be held, not ${holdFrames}`);
  demand(
    busyPoll === undefined || whole(busyPoll, 1, 0xffff),
    `a busy poll takes in 1 to 65535 packets, not ${busyPoll}`,
  );
  demand(
    whole(ring, 64, 16384) && (ring & (ring - 1)) === 0,
    `a ring has a power of two from 64 to 16384 entries, not ${ring}`,
  );
  demand(whole(batch, 1, 1024) && batch <= ring, `a batch has 1 to 1024 packets and fits into a ring, not ${batch}`);
}
