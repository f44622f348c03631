import { calls, Errno, XdpError } from '../sys/index.js';
import { BPF_PROG_TEST_RUN, bpfError } from './bpf.js';

/** BPF_F_TEST_XDP_LIVE_FRAMES */
const LIVE_FRAMES = 2;
/** net/bpf/test_run.c: the kernel wants a whole Ethernet header behind the metadata. */
const SHORTEST_PACKET = 14;
/** The headroom of 256 bytes, less a `struct xdp_frame` (net/core/filter.c, bpf_xdp_adjust_meta). */
const LONGEST_METADATA = 216;
/**
 * How much a program can make a packet longer: bpf_xdp_adjust_head by the headroom of 256 bytes, bpf_xdp_adjust_tail to
 * the end of the last page. With this much room the kernel never says ENOSPC.
 */
const ROOM_TO_GROW = 256 + 4096;

/** Words of `union bpf_attr`, member `test`. */
const Attribute = {
  program: 0,
  returned: 1,
  sizeIn: 2,
  sizeOut: 3,
  dataIn: 4,
  dataOut: 6,
  repeat: 8,
  duration: 9,
  contextSizeIn: 10,
  contextSizeOut: 11,
  contextIn: 12,
  contextOut: 14,
  flags: 16,
  batchSize: 18,
  words: 20,
} as const;

/** Words of `struct xdp_md`. In a test run `data` is the length of the metadata, `data_end` that of all. */
const Context = { data: 0, dataEnd: 1, ingressIfindex: 3, rxQueueIndex: 4, words: 6 } as const;
const CONTEXT_BYTES = Context.words * 4;
/** Where the packet begins in the memory of a {@link TestRun}, behind two contexts. */
const INPUT = 2 * CONTEXT_BYTES;

/** What the packet comes with, as the program sees it in its context. */
export interface Arrival {
  /** Bytes in front of the packet, from `data_meta` to `data`: a multiple of 4, at most 216 (Linux 6.1: 32). */
  readonly metadata?: Uint8Array | undefined;
  /** Index of the interface it came in by, in the namespace of the calling thread. Default: that of loopback. */
  readonly ingressIfindex?: number | undefined;
  /** One of the receive queues of that interface, which has to be named then. Default 0. */
  readonly rxQueueIndex?: number | undefined;
}

export interface TestRunOptions extends Arrival {
  /** How often the program runs. Each run but the first finds the packet as the one before has left it. Default 1. */
  readonly repeat?: number | undefined;
}

export interface TestRunResult {
  /** What the program returned the last time: an XdpAction. */
  readonly action: number;
  /** The packet afterwards. A view: the next run writes over it. */
  readonly packet: Uint8Array;
  /** The metadata afterwards. A view, too. */
  readonly metadata: Uint8Array;
  /**
   * Nanoseconds that one run took on average: a whole number. A single run is mostly the clock's own time; repeated a
   * hundred thousand times, an empty program takes 10 to 30.
   */
  readonly duration: number;
}

export interface LiveOptions extends Arrival {
  /** How many frames. */
  readonly count: number;
  /** Frames that are handled, and sent, together: 1 to 256. Default 64, as in a driver. */
  readonly batchSize?: number | undefined;
}

export interface LiveResult {
  /** A signal came before all frames were out. The kernel does not tell how many were. */
  readonly interrupted: boolean;
  /** Nanoseconds for one frame on average; 0 when interrupted. */
  readonly duration: number;
}

const NONE = new Uint8Array(0);
const PLAIN: TestRunOptions = {};

/**
 * Runs an XDP program on packets of ours (BPF_PROG_TEST_RUN): alone, for its verdict and what it makes of the packet,
 * or with live frames, which really go where the program sends them.
 *
 * The buffers stay from run to run; a run takes 2 to 4 µs and allocates nothing but its result. Repetitions (and live frames) of
 * a program that is attached nowhere take 24 ms more each call: the kernel patches its dispatcher for them.
 *
 * Needs CAP_BPF and CAP_NET_ADMIN; Linux 5.15.
 *
 * ```ts
 * const run = new TestRun(program);
 * for (const packet of packets) console.log(run.run(packet).action === XdpAction.drop);
 * ```
 */
export class TestRun {
  readonly #program: { readonly fd: number };
  readonly #attributes: Uint32Array = new Uint32Array(Attribute.words);
  /** One piece of memory, of which the kernel is told the address: the context in and out, the packet in and out. */
  #memory: Uint8Array = NONE;
  #contexts: Uint32Array = new Uint32Array();
  #address = 0;
  #capacity = 0;

  /** @param program what has the descriptor of a loaded program; it has to stay open for as long as this is used */
  constructor(program: { readonly fd: number }) {
    this.#program = program;
    this.#reserve(2048);
  }

  /**
   * Runs the program on a copy of `packet`: at least 14 bytes. What exceeds a page becomes fragments, which the
   * program reaches only with helpers (Linux 5.18).
   *
   * @throws RangeError for a packet that is too short; XDP_ERR_NO_INTERFACE, XDP_ERR_NO_QUEUE; XDP_ERR_SYSTEM with
   *   `errnoName` EINVAL for programs of a DEVMAP, of a CPUMAP or bound to a device, ENOMEM for more than about 70,000
   *   bytes, EINTR when a signal comes between repetitions
   */
  run(packet: Uint8Array, options: TestRunOptions = PLAIN): TestRunResult {
    const attributes = this.#attributes;
    this.#fill(packet, options);
    this.#return(true);
    attributes[Attribute.repeat] = options.repeat ?? 1;
    attributes[Attribute.flags] = 0;
    attributes[Attribute.batchSize] = 0;
    const result = calls.bpf(BPF_PROG_TEST_RUN, attributes);
    if (result < 0) throw runError(result, options);
    const size = attributes[Attribute.sizeOut]!;
    const start = this.#contexts[Context.words + Context.data]!;
    const output = INPUT + this.#capacity;
    return {
      action: attributes[Attribute.returned]!,
      packet: this.#memory.subarray(output + start, output + size),
      metadata: start === 0 ? NONE : this.#memory.subarray(output, output + start),
      duration: attributes[Attribute.duration]!,
    };
  }

  /**
   * Sends `count` frames through the program, and on to where it says: into the host's stack as if they had come in by
   * that interface (pass), back out of it (tx), or to another one (redirect). At most about 3,400 bytes each.
   *
   * The kernel fills a page with the frame once and uses it again and again: what the program writes into it is still
   * there when the page's turn comes again. The call blocks until all frames are out, at 0.2 to 1 µs each: 65,536 in
   * one call are as quick as it gets. Linux 5.18.
   *
   * @throws RangeError, XDP_ERR_NO_INTERFACE, XDP_ERR_NO_QUEUE; XDP_ERR_SYSTEM with `errnoName` EINVAL for a frame that is
   *   too long, E2BIG for too large a batch
   */
  live(frame: Uint8Array, options: LiveOptions): LiveResult {
    const attributes = this.#attributes;
    this.#fill(frame, options);
    this.#return(false);
    attributes[Attribute.repeat] = options.count;
    attributes[Attribute.flags] = LIVE_FRAMES;
    attributes[Attribute.batchSize] = options.batchSize ?? 0;
    if (options.count === 0) return { interrupted: false, duration: 0 };
    const result = calls.bpf(BPF_PROG_TEST_RUN, attributes);
    if (result === -Errno.EINTR) return { interrupted: true, duration: 0 };
    if (result < 0) throw runError(result, options);
    return { interrupted: false, duration: attributes[Attribute.duration]! };
  }

  #fill(packet: Uint8Array, arrival: Arrival): void {
    const { metadata = NONE, ingressIfindex = 0, rxQueueIndex = 0 } = arrival;
    if (packet.length < SHORTEST_PACKET) {
      throw new RangeError(`a packet has at least ${SHORTEST_PACKET} bytes, not ${packet.length}`);
    }
    if (metadata.length % 4 !== 0 || metadata.length > LONGEST_METADATA) {
      throw new RangeError(`metadata has a multiple of 4 bytes, at most ${LONGEST_METADATA}, not ${metadata.length}`);
    }
    if (rxQueueIndex !== 0 && ingressIfindex === 0) throw new RangeError('a receive queue needs its interface');
    const size = metadata.length + packet.length;
    if (size > this.#capacity) this.#reserve(size);
    this.#memory.set(metadata, INPUT);
    this.#memory.set(packet, INPUT + metadata.length);
    const contexts = this.#contexts;
    contexts[Context.data] = metadata.length;
    contexts[Context.dataEnd] = size;
    contexts[Context.ingressIfindex] = ingressIfindex;
    contexts[Context.rxQueueIndex] = rxQueueIndex;
    const attributes = this.#attributes;
    attributes[Attribute.program] = this.#program.fd;
    attributes[Attribute.sizeIn] = size;
  }

  /** Whether the kernel hands back packet and context. Of live frames nothing comes back: asking for it is EINVAL. */
  #return(wanted: boolean): void {
    const attributes = this.#attributes;
    attributes[Attribute.sizeOut] = wanted ? this.#capacity + ROOM_TO_GROW : 0;
    attributes[Attribute.contextSizeOut] = wanted ? CONTEXT_BYTES : 0;
    this.#point(Attribute.dataOut, wanted ? this.#address + INPUT + this.#capacity : 0);
    this.#point(Attribute.contextOut, wanted ? this.#address + CONTEXT_BYTES : 0);
  }

  /** Takes memory anew, for packets of up to `capacity` bytes with their metadata. */
  #reserve(capacity: number): void {
    this.#memory = new Uint8Array(INPUT + capacity + capacity + ROOM_TO_GROW);
    this.#contexts = new Uint32Array(this.#memory.buffer, 0, 2 * Context.words);
    this.#address = calls.addressOf(this.#memory);
    this.#capacity = capacity;
    this.#attributes[Attribute.contextSizeIn] = CONTEXT_BYTES;
    this.#point(Attribute.contextIn, this.#address);
    this.#point(Attribute.dataIn, this.#address + INPUT);
  }

  /** Writes a u64. */
  #point(word: number, address: number): void {
    this.#attributes[word] = address % 2 ** 32;
    this.#attributes[word + 1] = Math.floor(address / 2 ** 32);
  }
}

function runError(result: number, { ingressIfindex, rxQueueIndex }: Arrival): XdpError {
  const cause = bpfError('running a program', result);
  if (result === -Errno.ENODEV) {
    return new XdpError('XDP_ERR_NO_INTERFACE', `there is no interface with index ${ingressIfindex}`, { cause });
  }
  if (result === -Errno.EINVAL && rxQueueIndex) {
    return new XdpError('XDP_ERR_NO_QUEUE', `interface ${ingressIfindex} has no receive queue ${rxQueueIndex}`, {
      cause,
    });
  }
  return cause;
}
