import { type AttachOptions, attachProgram } from '../../device/index.js';
import { link as linkProgram } from '../../ebpf/index.js';
import { BpfMap, programInfo, RingBuffer, u32, type XdpLink, type XdpMode, XdpProgram } from '../../kernel/index.js';
import { getLink, type Link } from '../../netdev/index.js';
import type { Expression } from '../../rules/index.js';
import { type Watch, XdpError } from '../../sys/index.js';
import { STEERING_PROGRAM } from '../steering/steering.js';
import { LARGE, WatchRecord, watchProgram } from './watch-program.js';

export interface QuicWatchOptions extends AttachOptions {
  /** Which frames are looked at. */
  readonly expression: Expression;
  /** Bytes of the ring that frames wait in: a power of two, at least a page. Default 4 MiB. */
  readonly ringSize?: number | undefined;
}

/**
 * Called for each frame, in order: `length` bytes at `offset`, of `originalLength` that it had. The memory is good only during
 * the call, and may not be written. `time` is in nanoseconds since 1970.
 */
export type WatchedFrame = (
  bytes: Uint8Array,
  offset: number,
  length: number,
  originalLength: number,
  queue: number,
  time: bigint,
) => void;

const RING = 4 << 20;
/** Frames in one turn of the event loop: signals and timers want theirs, too. */
const TURN = 256;

/**
 * Looks at what an interface receives, and takes nothing away: an XDP program copies the frames that an expression matches, at
 * most 2,048 bytes of each, and all of them go on to the host. Needs CAP_NET_ADMIN, CAP_BPF and, for an expression that looks
 * behind IP headers, CAP_PERFMON; Linux 5.18.
 */
export class QuicWatch implements Disposable {
  readonly link: Link;
  /** What was got. */
  readonly mode: XdpMode;
  readonly notices: readonly string[];
  readonly #attached: XdpLink;
  readonly #maps: readonly BpfMap[];
  readonly #lost: BpfMap;
  readonly #ring: RingBuffer;
  #watch: Watch | undefined;

  private constructor(link: Link, attached: XdpLink, records: BpfMap, lost: BpfMap, notices: readonly string[]) {
    this.link = link;
    this.mode = attached.mode;
    this.notices = notices;
    this.#attached = attached;
    this.#maps = [records, lost];
    this.#lost = lost;
    this.#ring = new RingBuffer(records);
  }

  /**
   * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_FOREIGN_PROGRAM, XDP_ERR_PROTECTED, XDP_ERR_NATIVE_UNSUPPORTED, XDP_ERR_MTU,
   *   XDP_ERR_VERIFIER, XDP_ERR_PERMISSION
   */
  static open(name: string, { expression, ringSize = RING, ...options }: QuicWatchOptions): QuicWatch {
    const link = getLink(name, { netns: options.netns });
    refuseSteered(link);
    const records = new BpfMap({ kind: 'ringBuffer', name: 'quic_records', maxEntries: ringSize });
    const lost = new BpfMap({ kind: 'array', name: 'quic_lost', keySize: 4, valueSize: 8, maxEntries: 1 });
    try {
      const instructions = linkProgram(watchProgram(expression), { records: records.fd, lost: lost.fd });
      using program = new XdpProgram({ name: 'xdpkit_watch', instructions, fragments: true });
      const notices: string[] = [];
      const attached = attachProgram(program, link, options, notices);
      try {
        return new QuicWatch(link, attached, records, lost, notices);
      } catch (error) {
        attached.close();
        throw error;
      }
    } catch (error) {
      records.close();
      lost.close();
      throw error;
    }
  }

  /** Frames that came faster than they were read. */
  get lost(): number {
    const value = this.#lost.lookup(u32(0))!;
    return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
  }

  /**
   * Reads what is there.
   *
   * @param limit how many frames at most: more may come while they are read
   * @returns how many frames
   */
  read(visit: WatchedFrame, limit: number = Number.POSITIVE_INFINITY): number {
    // The program's clock is CLOCK_MONOTONIC, as hrtime's.
    const epoch = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
    return this.#ring.read((data, offset) => {
      const view = new DataView(data.buffer, data.byteOffset + offset, WatchRecord.frame);
      const length = view.getUint32(WatchRecord.length, true);
      const time = epoch + view.getBigUint64(WatchRecord.time, true);
      const queue = view.getUint32(WatchRecord.queue, true);
      visit(data, offset + WatchRecord.frame, Math.min(length, LARGE), length, queue, time);
    }, limit);
  }

  /** Calls for each frame, on the event loop, until this is closed. What `visit` throws goes to `failed`. */
  watch(visit: WatchedFrame, failed: (error: unknown) => void): void {
    this.#watch?.close();
    this.#watch = this.#ring.watch(() => {
      try {
        this.read(visit, TURN);
      } catch (error) {
        failed(error);
      }
    });
  }

  /** Detaches the program. Idempotent. */
  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#attached.close();
    this.#ring.close();
    for (const map of this.#maps) map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Somebody who watches while packets are steered wants to know where they go. */
function refuseSteered({ name, xdp: [attachment] }: Link): void {
  if (attachment === undefined || programInfo(attachment.programId)?.name !== STEERING_PROGRAM) return;
  throw new XdpError('XDP_ERR_FOREIGN_PROGRAM', `a QUIC steering runs on ${name}: it has the packets`, {
    advice:
      '`xdpkit quic backends` tells where they go, `xdpkit quic top` under which IDs; to see them one by one, watch the other end of the link',
  });
}
