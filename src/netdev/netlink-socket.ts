import { Errno, errnoName, refusedError, XdpError } from '../sys/index.js';
import {
  decodeMessages,
  decodeStatus,
  encodeMessage,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './netlink-codec.js';
import { NetlinkDatagrams, type NetnsOptions } from './netlink-datagrams.js';

export { NETLINK_GENERIC, NETLINK_ROUTE, type NetnsOptions } from './netlink-datagrams.js';

/** A dump that a change interrupted is asked for again this often. */
export const DUMP_TRIES = 8;

/**
 * A netlink socket: one request at a time, each answered before the call returns.
 *
 * Errors are XDP_ERR_NETLINK with the error number and the kernel's words (extended acknowledgement), or
 * XDP_ERR_PERMISSION for EPERM.
 */
export class NetlinkSocket implements Disposable {
  readonly #datagrams: NetlinkDatagrams;
  #sequence = 0;

  /** The socket stays bound to the namespace it was opened in. */
  constructor(protocol: number, options: NetnsOptions = {}) {
    this.#datagrams = new NetlinkDatagrams(protocol, options);
  }

  /** The descriptor, for the ioctls that work on any socket. */
  get fd(): number {
    return this.#datagrams.fd;
  }

  /**
   * Sends a request and waits for its acknowledgement.
   *
   * @param what  the request in words, for the error message
   * @param flags besides NLM_F_REQUEST and NLM_F_ACK
   * @returns the answers that came before the acknowledgement
   */
  request(what: string, type: number, payload: Uint8Array, flags = 0): NetlinkMessage[] {
    const { answers } = this.#transact(what, type, payload, flags | NLM_F_ACK);
    return answers;
  }

  /** Asks for everything of a kind; again, if it changed meanwhile. */
  dump(what: string, type: number, payload: Uint8Array): NetlinkMessage[] {
    for (let tries = 1; ; tries++) {
      const { answers, consistent } = this.#transact(what, type, payload, NLM_F_DUMP);
      if (consistent || tries === DUMP_TRIES) return answers;
    }
  }

  /** Idempotent. */
  close(): void {
    this.#datagrams.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #transact(
    what: string,
    type: number,
    payload: Uint8Array,
    flags: number,
  ): { answers: NetlinkMessage[]; consistent: boolean } {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    this.#datagrams.send(encodeMessage({ type, flags: flags | NLM_F_REQUEST, sequence, port: 0, payload }));
    const answers: NetlinkMessage[] = [];
    let consistent = true;
    for (;;) {
      const datagram = this.#datagrams.receive(0, Errno.ENOBUFS);
      if (datagram === undefined) {
        // ENOBUFS: a part of the answer had no room and is lost. A dump goes on, and is repeated; of a request nobody
        // knows what became of it.
        if ((flags & NLM_F_DUMP) !== NLM_F_DUMP) throw refused(what, Errno.ENOBUFS, 'the answer was lost');
        consistent = false;
        continue;
      }
      for (const message of decodeMessages(datagram)) {
        // What is left of an earlier request that failed half-way.
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          checkStatus(what, message);
          return { answers, consistent };
        }
        answers.push(message);
      }
    }
  }
}

/** @throws XDP_ERR_NETLINK, XDP_ERR_PERMISSION when an NLMSG_ERROR or NLMSG_DONE message tells of a failure */
export function checkStatus(what: string, message: NetlinkMessage): void {
  const { errno, reason } = decodeStatus(message);
  if (errno !== 0) throw refused(what, errno, reason);
}

function refused(what: string, errno: number, reason: string | undefined): XdpError {
  const words = `${what}: ${errnoName(errno)}${reason ? `, ${reason}` : ''}`;
  const error = new XdpError('XDP_ERR_NETLINK', words, { call: 'netlink', errno });
  return errno === Errno.EPERM ? refusedError(what, ['CAP_NET_ADMIN'], error) : error;
}
