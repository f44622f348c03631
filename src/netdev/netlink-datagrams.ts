import { calls, Errno, OwnedFd, SystemError, withNamespace } from '../sys/index.js';

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

/** The kernel answers while `sendto` runs, so this is reached only when it never will. */
const ANSWER_TIMEOUT_SECONDS = 10n;

/** Options of every function that asks the kernel about interfaces. */
export interface NetnsOptions {
  /** Network namespace, by name (as `ip netns` has it) or path; absent for the own one. Needs CAP_SYS_ADMIN. */
  readonly netns?: string | undefined;
}

/** A netlink socket as far as datagrams go: what they mean is for {@link NetlinkSocket} and others. */
export class NetlinkDatagrams implements Disposable {
  readonly #fd: OwnedFd;
  #buffer: Uint8Array = new Uint8Array(32 * 1024);

  /** The socket stays bound to the namespace it was opened in. */
  constructor(protocol: number, options: NetnsOptions = {}) {
    const open = () => calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    const fd = options.netns === undefined ? open() : withNamespace(options.netns, open);
    this.#fd = new OwnedFd(fd, 'netlink socket');
    try {
      // Without CAP_ACK an error would carry the whole request back; without EXT_ACK it would say only a number.
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) this.setOption(option, 1);
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

  /** Sets an option of level SOL_NETLINK. */
  setOption(option: number, value: number): void {
    calls.setsockopt(this.fd, SOL_NETLINK, option, new Uint32Array([value]));
  }

  /** Sends to the kernel. */
  send(bytes: Uint8Array): void {
    for (;;) {
      const sent = calls.sendto(this.fd, bytes, 0, kernelAddress());
      if (sent >= 0) return;
      if (sent !== -Errno.EINTR) throw new SystemError('sendto', -sent, 'netlink');
    }
  }

  /** A whole datagram of whatever size. */
  receive(flags: number): Uint8Array;
  /**
   * A whole datagram, or `undefined` for an error that is to be expected.
   *
   * @param flags    of recv(2)
   * @param expected the error number
   */
  receive(flags: number, expected: number): Uint8Array | undefined;
  receive(flags: number, expected = 0): Uint8Array | undefined {
    for (;;) {
      const size = calls.recvfrom(this.fd, this.#buffer, flags | MSG_PEEK | MSG_TRUNC);
      if (size > this.#buffer.length) this.#buffer = new Uint8Array(size);
      const received = size < 0 ? size : calls.recvfrom(this.fd, this.#buffer, flags);
      // A copy: what is received is kept while the next datagram arrives in the buffer.
      if (received >= 0) return this.#buffer.slice(0, received);
      if (received === -expected) return undefined;
      if (received !== -Errno.EINTR) throw new SystemError('recvfrom', -received, 'netlink');
    }
  }

  /** Idempotent. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** `struct sockaddr_nl` with port 0: the kernel as a receiver, and as one's own address "any". */
export function kernelAddress(): Uint16Array {
  return new Uint16Array([AF_NETLINK, 0, 0, 0, 0, 0]);
}
