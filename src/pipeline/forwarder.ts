import { ChecksumMemory } from '../wire/index.js';
import { Batch, FrameOwner, Packet, type Umem } from '../xsk/index.js';
import { type BatchLoops, batchLoops } from './batch-loops.js';
import { callForEach, type PacketCallback } from './callback.js';
import { DROP_SLOT, Drop, SocketSlot } from './counters.js';
import { type ForwarderSocket, Member } from './forwarder-member.js';
import { FragmentStages } from './fragment-stages.js';
import { findOrphans } from './orphans.js';
import type { Stages } from './stages.js';

export interface ForwarderOptions {
  readonly umem: Umem;
  readonly sockets: readonly ForwarderSocket[];
  readonly counters: Float64Array;
  /** Packets taken from a ring at once. Where they may have fragments it is frames, and at least 64 of them. */
  readonly batch: number;
  /** Of the batch, {@link batchCapacity} packets; default: its own. */
  readonly batchMemory?: Uint8Array | undefined;
  /** Without one, packets cross from port 0 to port 1 and back; with one port only, they are looked at and dropped. */
  readonly callback?: PacketCallback | undefined;
  /** The stages that can be switched on. Default: there are none. */
  readonly stages?: Stages | undefined;
}

/** Frames that a forwarder takes at once. */
export function batchCapacity(batch: number, umem: Pick<Umem, 'fragments'>): number {
  return umem.fragments ? Math.max(batch, LONGEST_PACKET) : batch;
}

/** Frames of the longest IP packet, in the smallest frames (37), and a few more. */
const LONGEST_PACKET = 64;

/**
 * The way of packets between sockets that share a UMEM: take a batch from an RX ring, walk it through the stages, put it
 * into TX rings, and give every frame back. Runs on one thread, to completion, and allocates nothing.
 */
export class Forwarder {
  readonly #umem: Umem;
  readonly #members: readonly Member[];
  readonly #counters: Float64Array;
  readonly #batch: Batch;
  readonly #loops: BatchLoops;
  readonly #packet: Packet;
  readonly #checksums: ChecksumMemory;
  /** Of a UMEM that lets packets have fragments. */
  readonly #fragments: FragmentStages | undefined;
  readonly #callback: PacketCallback | undefined;
  readonly #stages: Stages | undefined;

  constructor(options: ForwarderOptions) {
    const { umem, sockets } = options;
    this.#umem = umem;
    this.#counters = options.counters;
    this.#batch = new Batch(umem, batchCapacity(options.batch, umem), options.batchMemory);
    this.#loops = batchLoops(umem.arena.memory);
    this.#packet = new Packet(this.#batch, umem.frameSize);
    this.#checksums = new ChecksumMemory(umem.bytes);
    this.#fragments = umem.fragments ? new FragmentStages(this.#batch, this.#packet, this.#checksums) : undefined;
    this.#callback = options.callback;
    this.#stages = options.stages;
    this.#members = sockets.map((socket, number) => new Member(socket, number));
    for (const member of this.#members) member.connect(this.#members);
    this.#stages?.changed();
    this.#route();
  }

  /** One round over all sockets. @returns how many packets came in */
  turn(): number {
    const stages = this.#stages;
    if (stages?.changed()) this.#route();
    let received = 0;
    if (stages !== undefined && stages.held > 0) received += this.#sendDue(stages);
    for (let i = 0; i < this.#members.length; i++) received += this.#serve(this.#members[i]!);
    if (received === 0) this.#settle();
    return received;
  }

  /**
   * Goes on where another thread has left these sockets. What a thread that died had in its hands or held back is lost, and
   * counted; its frames are free again.
   */
  recover(): void {
    const batch = this.#batch;
    const { ingress, queue } = batch;
    const socket = this.#members.findIndex(({ port, socket }) => port === ingress && socket.queue === queue);
    const orphans = findOrphans(this.#umem, batch, socket, this.#stages?.left ?? []);
    batch.count = 0;
    batch.hasMarks = false;
    for (const { address, length, options, socket } of orphans) {
      batch.addresses[0] = address;
      batch.lengths[0] = length;
      batch.options[0] = options;
      batch.count = 1;
      this.#drop(this.#members[socket]!, Drop.workerDied, 0, 1);
      batch.handled = 1;
    }
    for (const member of this.#members) {
      member.socket.kicks = this.#counters[member.row + SocketSlot.kicks]!;
      member.stalled = (member.socket.tx?.pending() ?? 0) > 0;
    }
  }

  /** Frames that are in no place: they got lost with a thread that died between two of its steps. */
  get lostFrames(): number {
    const rings = new Set(this.#members.map(({ socket }) => socket.rings));
    let known = this.#umem.pool.free + (this.#stages?.held ?? 0) + this.#batch.count - this.#batch.handled;
    for (const { inFill, inTx } of rings) known += inFill + inTx;
    return this.#umem.frames - known;
  }

  /** Milliseconds until a packet that is held has to go on; Infinity when none is. */
  get patience(): number {
    return this.#stages === undefined || this.#stages.held === 0 ? Number.POSITIVE_INFINITY : this.#stages.patience;
  }

  /** Sends all that is held, at once. For the end. */
  release(): void {
    const stages = this.#stages;
    if (stages === undefined) return;
    stages.releaseAll();
    while (stages.held > 0 && this.#sendDue(stages) > 0);
  }

  /** Whether frames wait for a device that did not take them. */
  get isStalled(): boolean {
    for (let i = 0; i < this.#members.length; i++) if (this.#members[i]!.stalled) return true;
    return false;
  }

  /** Writes the counters that are not kept per packet: frames by place, and the kernel's own. Not for every turn. */
  sample(): void {
    const slots = this.#counters;
    for (const { socket, row } of this.#members) {
      slots[row + SocketSlot.kicks] = socket.kicks;
      slots[row + SocketSlot.inFill] = socket.rings.inFill;
      slots[row + SocketSlot.inTx] = socket.rings.inTx;
      const kernel = socket.statistics();
      slots[row + SocketSlot.kernelRxRingFull] = kernel.rxRingFull;
      slots[row + SocketSlot.kernelFillRingEmpty] = kernel.rxFillRingEmpty;
      slots[row + SocketSlot.kernelRxDropped] = kernel.rxDropped;
      slots[row + SocketSlot.kernelInvalidDescriptors] = kernel.rxInvalidDescriptors + kernel.txInvalidDescriptors;
    }
  }

  /** Finds out whose packets have to be looked at: others pass straight from ring to ring. */
  #route(): void {
    for (const member of this.#members) {
      const needed = this.#callback !== undefined || member.partialChecksums;
      // The ledger wants to see every frame.
      const looks = needed || this.#umem.ledger !== undefined || (this.#stages?.looksAt(member.number) ?? false);
      member.straight = looks ? undefined : member.egress[member.opposite];
      member.recycles = this.#umem.ledger === undefined ? member.egress[member.opposite] : undefined;
      member.chooses = this.#stages?.chooses(member.number) ?? false;
    }
  }

  /** @returns frames; there may be more that are due when it was more than half a batch */
  #sendDue(stages: Stages): number {
    const enough = this.#batch.capacity >> 1;
    let sent = 0;
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]!;
      let count: number;
      do {
        count = stages.due(member.number, this.#batch);
        if (count === 0) break;
        stages.departing();
        this.#dispatch(member);
        sent += count;
        // Asking costs as much as several packets.
      } while (count > enough);
    }
    if (sent > 0) {
      this.#send();
      stages.publish();
    }
    return sent;
  }

  #serve(member: Member): number {
    const { socket, straight } = member;
    const { rings } = socket;
    const batch = this.#batch;
    if (socket.zeroCopy) socket.wakeRx();
    if (member.stalled) this.#reap(member);
    if (straight !== undefined) {
      const passed = socket.passTo(straight.socket, batch.capacity);
      if (passed > 0) {
        this.#afterPass(member, straight, passed);
        return passed;
      }
    }
    batch.ingress = member.port;
    batch.queue = socket.queue;
    const count = socket.receive(batch);
    if (count === 0) return this.#nothingCame(member);
    // As long as others take them for their fill rings, they are left to those.
    if (rings.inTx >= 4 * member.lot) this.#reap(member);
    this.#counters[member.row + SocketSlot.rxPackets]! += this.#packets(0, count);
    this.#counters[member.row + SocketSlot.rxBytes]! += socket.receivedBytes;
    if (member.partialChecksums) this.#completeChecksums(member);
    this.#stages?.received(member.number, batch);
    const isSaid = this.#chooseEgress(member);
    if (member.chooses) this.#stages!.leaving(member.number, batch);
    this.#stages?.departing();
    if (isSaid) this.#dispatch(member);
    else this.#transmit(member, member.egress[member.opposite], 0, count);
    this.#send();
    this.#stages?.publish();
    this.#took(member, count);
    return count;
  }

  /** @returns whether the batch says of each packet where it goes; else all go to the opposite port */
  #chooseEgress(member: Member): boolean {
    const { opposite } = member;
    if (this.#fragments !== undefined) this.#fragments.chooseEgress(member, this.#callback);
    else if (this.#callback !== undefined) callForEach(this.#callback, this.#packet, this.#batch);
    else if (member.chooses || opposite < 0) this.#batch.egress.fill(opposite, 0, this.#batch.count);
    else return false;
    return true;
  }

  /** @returns how many packets came that no batch holds */
  #nothingCame(member: Member): number {
    const { socket, row } = member;
    if (socket.busyPoll) socket.wakeRx();
    const oversized = socket.oversized - member.oversized;
    if (oversized > 0) {
      this.#counters[row + SocketSlot.rxPackets]! += oversized;
      this.#counters[row + SocketSlot.tooManyFragments]! += oversized;
      member.oversized = socket.oversized;
    }
    return oversized;
  }

  #took(member: Member, count: number): void {
    member.taken += count;
    if (member.taken >= member.lot) this.#feed(member);
  }

  /** Fills the fill ring up: straight from where this socket's packets were sent, and from the pool. */
  #feed(member: Member): void {
    const { rings } = member.socket;
    const missing = rings.fill.size - rings.fill.pending();
    const { recycles } = member;
    const recycled = recycles === undefined ? 0 : rings.recycle(recycles.socket.rings, missing);
    if (recycled < missing) {
      if (this.#umem.pool.free < missing - recycled) for (const each of this.#members) this.#reap(each);
      rings.refill(missing - recycled);
    }
    member.taken = 0;
  }

  /** Nothing came in: time to fetch the last frames that were sent, and to fill up what stayed short of frames. */
  #settle(): void {
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]!;
      const { rings } = member.socket;
      if (rings.inTx > 0) this.#reap(member);
      if (rings.fill.pending() < rings.fill.size) this.#feed(member);
    }
  }

  /** Asks the kernel once for each socket that this batch's packets leave by, in however many runs they came. */
  #send(): void {
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]!;
      if (!member.unsent) continue;
      member.unsent = false;
      member.stalled = member.socket.flush() !== 0;
    }
  }

  /** @param count frames that went straight to `out` */
  #afterPass(member: Member, out: Member, count: number): void {
    const slots = this.#counters;
    const packets = member.socket.passedPackets;
    const bytes = member.socket.passedBytes;
    slots[member.row + SocketSlot.rxPackets]! += packets;
    slots[member.row + SocketSlot.rxBytes]! += bytes;
    slots[out.row + SocketSlot.txPackets]! += packets;
    slots[out.row + SocketSlot.txBytes]! += bytes;
    out.stalled = out.socket.flush() !== 0;
    // Several sockets may send by this one, each too slow to fetch its frames: the completion ring must not fill up.
    if (out.socket.rings.inTx >= 4 * out.lot) this.#reap(out);
    this.#took(member, count);
  }

  #reap(member: Member): void {
    const { socket } = member;
    if (member.stalled) member.stalled = socket.flush() !== 0;
    socket.rings.reap(socket.rings.completion.size);
  }

  /** How many packets the frames `from` up to `to` are. */
  #packets(from: number, to: number): number {
    return this.#fragments === undefined ? to - from : this.#batch.packetsIn(from, to);
  }

  #completeChecksums(member: Member): void {
    const { count, addresses, lengths } = this.#batch;
    let completed = 0;
    if (this.#fragments !== undefined) completed = this.#fragments.completeChecksums();
    else for (let i = 0; i < count; i++) if (this.#checksums.complete(addresses[i]!, lengths[i]!)) completed++;
    this.#counters[member.row + SocketSlot.checksumsCompleted]! += completed;
  }

  /** Drops what shall not leave, and sends each run of packets with the same egress its way. */
  #dispatch(member: Member): void {
    const batch = this.#batch;
    const { egress, places } = batch;
    const first = this.#loops.firstDropped(places.egress, 0, batch.count);
    if (first < batch.count) this.#sift(member, first);
    const { count } = batch;
    for (let from = 0; from < count; ) {
      const to = this.#loops.endOfRun(places.egress, from, count);
      this.#transmit(member, member.egress[egress[from]!], from, to);
      from = to;
    }
  }

  /** Drops the packets whose egress is a reason to, and moves the others together: each run that is sent costs as much as several packets. */
  #sift(member: Member, first: number): void {
    const batch = this.#batch;
    const { egress, count, places } = batch;
    for (let from = first; from < count; ) {
      const to = this.#loops.endOfRun(places.egress, from, count);
      this.#drop(member, egress[from]!, from, to);
      from = this.#loops.firstDropped(places.egress, to, count);
    }
    batch.sift(first, 0);
  }

  #transmit(member: Member, out: Member | undefined, from: number, to: number): void {
    if (out === undefined) {
      this.#drop(member, Drop.unknownPort, from, to);
      this.#batch.handled = to;
      return;
    }
    out.unsent = true;
    let sent = this.#put(out, from, to);
    if (sent === to) return;
    out.socket.flush();
    this.#reap(out);
    sent = this.#put(out, sent, to);
    if (sent === to) return;
    this.#drop(member, Drop.txRingFull, sent, to);
    this.#batch.handled = to;
  }

  /** Puts frames `from` up to `to` into a TX ring. @returns the first one that it had no room for, or `to` */
  #put(out: Member, from: number, to: number): number {
    const { socket, row } = out;
    const sent = from + socket.transmit(this.#batch, from, to - from);
    this.#batch.handled = sent;
    this.#stages?.sent(this.#batch, from, sent, out.port);
    this.#counters[row + SocketSlot.txPackets]! += this.#packets(from, sent);
    this.#counters[row + SocketSlot.txBytes]! += socket.transmittedBytes;
    return sent;
  }

  /** Whether the batch has them no more is for the caller to say: {@link findOrphans} doesn't take what is free for lost. */
  #drop(member: Member, reason: number, from: number, to: number): void {
    const { addresses } = this.#batch;
    const { pool, ledger } = this.#umem;
    this.#stages?.dropped(this.#batch, from, to, member.number, reason);
    ledger?.moveAll(addresses, from, to - from, FrameOwner.application, FrameOwner.free);
    pool.giveAll(addresses, from, to);
    this.#counters[member.row + DROP_SLOT + Drop.callback - reason]! += this.#packets(from, to);
  }
}
