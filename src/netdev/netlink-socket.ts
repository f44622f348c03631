import { calls, Errno, errnoName, OwnedFd, SystemError, withNamespace, XdpError } from '../sys/index.js';
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

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
export const NETLINK_ROUTE = 0;
export const NETLINK_GENERIC = 16;

const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

const MSG_PEEK = 0x2;
const MSG_TRUNC = 0x20;

/** A dump that a change interrupted is asked for again this often. */
const DUMP_TRIES = 8;
/** The kernel answers while `sendto` runs, so this is reached only when it never will. */
const ANSWER_TIMEOUT_SECONDS = 10n;

/** Options of every function that asks the kernel about interfaces. */
export interface NetnsOptions {
  /** Network namespace, by name (as `ip netns` has it) or path; absent for the own one. Needs CAP_SYS_ADMIN. */
  readonly netns?: string | undefined;
}

/**
 * A netlink socket: one request at a time, each answered before the call returns.
 *
 * Errors are XDP_ERR_NETLINK with the error number and the kernel's words (extended acknowledgement), or
 * XDP_ERR_PERMISSION for EPERM.
 */
export class NetlinkSocket implements Disposable {
  readonly #fd: OwnedFd;
  #sequence = 0;
  #buffer: Uint8Array = new Uint8Array(32 * 1024);

  /** The socket stays bound to the namespace it was opened in. */
  constructor(protocol: number, options: NetnsOptions = {}) {
    const open = () => calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    const fd = options.netns === undefined ? open() : withNamespace(options.netns, open);
    this.#fd = new OwnedFd(fd, 'netlink socket');
    try {
      const on = new Uint32Array([1]);
      // Without CAP_ACK an error would carry the whole request back; without EXT_ACK it would say only a number.
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
        calls.setsockopt(fd, SOL_NETLINK, option, on);
      }
      calls.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new BigUint64Array([ANSWER_TIMEOUT_SECONDS, 0n]));
    } catch (error) {
      this.#fd.close();
      throw error;
    }
  }

  /** The descriptor, for the ioctls that work on any socket. */
  get fd(): number {
    return this.#fd.fd;
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
    this.#fd.close();
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
    this.#send(encodeMessage({ type, flags: flags | NLM_F_REQUEST, sequence, port: 0, payload }));
    const answers: NetlinkMessage[] = [];
    let consistent = true;
    for (;;) {
      const datagram = this.#receive();
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
          const { errno, reason } = decodeStatus(message);
          if (errno !== 0) throw refused(what, errno, reason);
          return { answers, consistent };
        }
        answers.push(message);
      }
    }
  }

  #send(bytes: Uint8Array): void {
    const kernel = new Uint16Array([AF_NETLINK, 0, 0, 0, 0, 0]);
    for (;;) {
      const sent = calls.sendto(this.fd, bytes, 0, kernel);
      if (sent >= 0) return;
      if (sent !== -Errno.EINTR) throw new SystemError('sendto', -sent, 'netlink');
    }
  }

  /** A whole datagram of whatever size; `undefined` when the kernel had to drop one. */
  #receive(): Uint8Array | undefined {
    for (;;) {
      const size = calls.recvfrom(this.fd, this.#buffer, MSG_PEEK | MSG_TRUNC);
      if (size > this.#buffer.length) this.#buffer = new Uint8Array(size);
      const received = size < 0 ? size : calls.recvfrom(this.fd, this.#buffer, 0);
      // A copy: answers are kept while the next datagram arrives in the buffer.
      if (received >= 0) return this.#buffer.slice(0, received);
      if (received === -Errno.ENOBUFS) return undefined;
      if (received !== -Errno.EINTR) throw new SystemError('recvfrom', -received, 'netlink');
    }
  }
}

function refused(what: string, errno: number, reason: string | undefined): XdpError {
  const words = `${what}: ${errnoName(errno)}${reason ? `, ${reason}` : ''}`;
  const below = { call: 'netlink', errno };
  if (errno !== Errno.EPERM) return new XdpError('XDP_ERR_NETLINK', words, below);
  return new XdpError('XDP_ERR_PERMISSION', words, {
    ...below,
    advice: 'this needs CAP_NET_ADMIN in the network namespace; run as root or see docs/privileges.md',
  });
}
