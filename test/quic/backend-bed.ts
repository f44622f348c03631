import { Assembler, Helper, link, R0, R1, R2, R3, R4, R5, R6, XdpAction, XdpContext } from '../../dist/ebpf/index.js';
import { XdpLink, XdpProgram, XskMap } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab, type Link } from '../../dist/netdev/index.js';
import {
  BackendQueues,
  type BackendQueuesOptions,
  type FrameAccount,
  type SocketPlaces,
} from '../../dist/quic/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { Batch, openXskSocket, Umem, type XskSocket } from '../../dist/xsk/index.js';
import { FarEnd } from '../kernel/far-end.js';

/** Where a test frame has the slot that it is for, and its number among those for this slot and queue. */
const SLOT = 16;
const NUMBER = 18;
const LENGTH = 64;
const BATCH = 32;

/** The number of a frame, by what stands in memory. */
export function numberAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at + NUMBER]! << 24) |
      (bytes[at + NUMBER + 1]! << 16) |
      (bytes[at + NUMBER + 2]! << 8) |
      bytes[at + NUMBER + 3]!) >>>
    0
  );
}
export const slotAt = (bytes: Uint8Array, at: number): number => bytes[at + SLOT]!;

/**
 * A veth pair whose near end has a program that reads from each frame which slot it is for. The far end sends by AF_XDP: what
 * leaves there by a queue arrives here by the same one.
 */
export class BackendBed implements AsyncDisposable {
  readonly lab: Lab;
  readonly netns: string;
  readonly link: Link;
  readonly far: FarEnd;
  readonly sockets: XskMap;
  readonly queues: number;
  readonly #attached: XdpLink;
  readonly #umem: Umem;
  readonly #senders: readonly XskSocket[];
  readonly #numbers: Map<string, number> = new Map();
  readonly #batch: Batch;

  constructor(queues: number) {
    this.queues = queues;
    this.lab = createLab('backends');
    this.netns = this.lab.namespace('near');
    const farNetns = this.lab.namespace('far');
    this.lab.veth({ name: 'port0', netns: this.netns, queues, peer: { name: 'eth0', netns: farNetns, queues } });
    this.link = getLink('port0', { netns: this.netns });
    const peer = getLink('eth0', { netns: farNetns });
    this.far = new FarEnd(peer.index, farNetns);
    this.sockets = new XskMap('test_backends', 64);
    using program = new XdpProgram({ name: 'test_backends', instructions: programFor(this.sockets, queues) });
    this.#attached = withNamespace<XdpLink>(this.netns, () => XdpLink.attach(program, this.link, 'native'));
    this.#umem = new Umem({ frames: queues * 512 });
    const sizes = { rxSize: 0, txSize: 256, fillSize: 64, completionSize: 256 };
    this.#senders = Array.from({ length: queues }, (_, queue) =>
      withNamespace<XskSocket>(farNetns, () => openXskSocket({ umem: this.#umem, interface: peer, queue, ...sizes })),
    );
    this.#batch = new Batch(this.#umem, BATCH);
  }

  async open(options: Partial<BackendQueuesOptions> = {}): Promise<BackendQueues> {
    return await BackendQueues.open(this.link, {
      capacity: 4,
      frameSize: 2048,
      netns: this.netns,
      keepers: 1,
      ...options,
    });
  }

  /** Where the program looks for the sockets of a slot. */
  places(slot: number): SocketPlaces {
    const key = (queue: number) => slot * this.queues + queue;
    return {
      set: (queue, fd) => this.sockets.set(key(queue), fd),
      unset: (queue) => this.sockets.unset(key(queue)),
    };
  }

  /** Sends frames to a slot by a queue, each with the next number. @returns how many were sent: all */
  send(slot: number, queue: number, count: number): number {
    const sender = this.#senders[queue]!;
    const { pool, bytes } = this.#umem;
    const key = `${slot}/${queue}`;
    let number = this.#numbers.get(key) ?? 0;
    for (let left = count; left > 0; ) {
      sender.rings.reap(256);
      const batch = this.#batch;
      const size = Math.min(left, BATCH, pool.free);
      for (let i = 0; i < size; i++) {
        const at = pool.take();
        writeFrame(bytes, at, slot, number++);
        batch.addresses[i] = at;
        batch.lengths[i] = LENGTH;
      }
      const taken = sender.transmit(batch, 0, size);
      for (let i = taken; i < size; i++) pool.give(batch.addresses[i]!);
      number -= size - taken;
      left -= taken;
      sender.flush();
    }
    this.#numbers.set(key, number);
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#attached.close();
    this.sockets.close();
    for (const sender of this.#senders.toReversed()) sender.close();
    this.#umem.close();
    this.far.close();
    this.lab.close();
  }
}

/** What {@link BackendQueues.close} has to say when every frame is where it should be. */
export function isWhole(accounts: readonly FrameAccount[], queues: number): boolean {
  return (
    accounts.length === queues &&
    accounts.every(
      ({ lost, duplicated, inKernel }) => lost === 0 && duplicated === 0 && inKernel >= 0 && inKernel <= 64,
    )
  );
}

function writeFrame(bytes: Uint8Array, at: number, slot: number, number: number): void {
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 0, 0, slot, 0], at);
  bytes[at + NUMBER] = number >>> 24;
  bytes[at + NUMBER + 1] = number >>> 16;
  bytes[at + NUMBER + 2] = number >>> 8;
  bytes[at + NUMBER + 3] = number;
}

/** key = slot * queues + queue, where the EtherType is that of the test frames; anything else passes. */
function programFor(sockets: XskMap, queues: number): Uint8Array {
  const a = new Assembler();
  a.mov(R6, R1).load('u32', R2, R6, XdpContext.data).load('u32', R3, R6, XdpContext.dataEnd);
  a.mov(R4, R2).alu('+', R4, NUMBER).jump('>', R4, R3, 'pass');
  a.load('u16', R5, R2, 12).jump('!=', R5, 0xb588, 'pass');
  a.load('u8', R2, R2, SLOT).alu('*', R2, queues);
  a.load('u32', R4, R6, XdpContext.rxQueueIndex).alu('+', R2, R4);
  a.map(R1, 'sockets').mov(R3, XdpAction.drop).call(Helper.redirectMap).exit();
  a.label('pass').mov(R0, XdpAction.pass).exit();
  return link(a.assemble(), { sockets: sockets.fd });
}
