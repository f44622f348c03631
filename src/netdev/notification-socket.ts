import { calls, Errno } from '../sys/index.js';
import { viewOf } from './netlink-attributes.js';
import {
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './netlink-codec.js';
import { kernelAddress, NetlinkDatagrams, type NetnsOptions } from './netlink-datagrams.js';
import { checkStatus } from './netlink-socket.js';

const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_NO_ENOBUFS = 5;
const SOL_SOCKET = 1;
const SO_MEMINFO = 55;
/** Index in what SO_MEMINFO tells: SK_MEMINFO_DROPS. */
const DROPS = 8;
const MSG_DONTWAIT = 0x40;
/** Datagrams read in one go. */
const READ_LIMIT = 128;

/**
 * A netlink socket that is told of changes. A dump can be asked for on the same socket, so that its answers stand
 * between the notifications in the order in which the kernel made them.
 *
 * When the receive buffer is full the kernel drops notifications. It would say so by ENOBUFS, and mark the socket with
 * POLLERR, upon which libuv ends its watch of a descriptor for good. So the socket refuses ENOBUFS, and looks at its
 * count of drops instead.
 */
export class NotificationSocket implements Disposable {
  readonly #datagrams: NetlinkDatagrams;
  readonly #port: number;
  #sequence = 0;
  #drops = 0;

  constructor(protocol: number, options: NetnsOptions = {}) {
    this.#datagrams = new NetlinkDatagrams(protocol, options);
    try {
      this.#datagrams.setOption(NETLINK_NO_ENOBUFS, 1);
      // Without an address of its own a socket gets no notifications.
      calls.bind(this.fd, kernelAddress());
      const address = new Uint8Array(12);
      calls.getsockname(this.fd, address);
      this.#port = viewOf(address).getUint32(4, true);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#datagrams.fd;
  }

  /** Joins a multicast group. */
  join(group: number): void {
    this.#datagrams.setOption(NETLINK_ADD_MEMBERSHIP, group);
  }

  /**
   * Hands over what has come in, without waiting.
   *
   * @returns false when there may be more: after many datagrams others shall have their turn
   */
  read(onMessage: (message: NetlinkMessage) => void): boolean {
    for (let count = 0; count < READ_LIMIT; count++) {
      const datagram = this.#datagrams.receive(MSG_DONTWAIT, Errno.EAGAIN);
      if (datagram === undefined) return true;
      for (const message of decodeMessages(datagram)) onMessage(message);
    }
    return false;
  }

  /** Whether notifications were dropped since this was last asked. Look after reading: then there is room again. */
  hasLost(): boolean {
    const info = new Uint32Array(DROPS + 1);
    calls.getsockopt(this.fd, SOL_SOCKET, SO_MEMINFO, info);
    const before = this.#drops;
    this.#drops = info[DROPS]!;
    return this.#drops !== before;
  }

  /** Asks without waiting: the answer comes in among the notifications. */
  ask(type: number, payload: Uint8Array): void {
    this.#send(type, payload, 0);
  }

  /**
   * Asks for everything of a kind, and hands over what comes in until the end of the answer, in order.
   *
   * @returns false when a change interrupted the dump, so that it may be inconsistent
   */
  dump(
    what: string,
    type: number,
    payload: Uint8Array,
    onMessage: (message: NetlinkMessage, isAnswer: boolean) => void,
  ): boolean {
    const sequence = this.#send(type, payload, NLM_F_DUMP);
    let consistent = true;
    for (;;) {
      for (const message of decodeMessages(this.#datagrams.receive(0))) {
        // A notification has the sequence number and the port of whoever caused it.
        const isAnswer = message.port === this.#port && message.sequence === sequence;
        if (isAnswer && (message.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        if (isAnswer && (message.type === NLMSG_ERROR || message.type === NLMSG_DONE)) {
          checkStatus(what, message);
          return consistent;
        }
        onMessage(message, isAnswer);
      }
    }
  }

  #send(type: number, payload: Uint8Array, flags: number): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    this.#datagrams.send(encodeMessage({ type, flags: flags | NLM_F_REQUEST, sequence, port: 0, payload }));
    return sequence;
  }

  /** Idempotent. */
  close(): void {
    this.#datagrams.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
