import { calls, Errno, isErrno, OwnedFd, refusedError, withNamespace } from '../sys/index.js';
import { getLink } from './links.js';
import type { NetnsOptions } from './netlink-socket.js';

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_PROMISC = 1;

/**
 * Keeps an interface in promiscuous mode until closed.
 *
 * The mode is a membership of a packet socket, not the flag IFF_PROMISC on the interface: the kernel counts
 * memberships, so several holders don't disturb one another, and takes this one back when the socket ends, however the
 * process dies. Nothing is left behind, not even by SIGKILL. Needs CAP_NET_RAW.
 */
export class PromiscuousMode implements Disposable {
  readonly #socket: OwnedFd;

  /** @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PERMISSION */
  constructor(nameOrIndex: string | number, options: NetnsOptions = {}) {
    const { index, name } = getLink(nameOrIndex, options);
    // Protocol 0: the socket receives no packet.
    const open = () => calls.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0);
    try {
      const fd = options.netns === undefined ? open() : withNamespace(options.netns, open);
      this.#socket = new OwnedFd(fd, `promiscuous mode of ${name}`);
    } catch (cause) {
      if (!isErrno(cause, Errno.EPERM)) throw cause;
      throw refusedError(`promiscuous mode of ${name}`, ['CAP_NET_RAW'], cause);
    }
    try {
      // struct packet_mreq: i32 index, u16 type, u16 address length, 8 bytes of address.
      const request = new Uint8Array(16);
      new DataView(request.buffer).setInt32(0, index, true);
      new DataView(request.buffer).setUint16(4, PACKET_MR_PROMISC, true);
      calls.setsockopt(this.#socket.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** Idempotent; the interface having gone away doesn't matter. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
