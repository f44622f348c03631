import { calls, Errno, isErrno, OwnedFd, refusedError, SystemError, withNamespace } from '../sys/index.js';
import type { NetnsOptions } from './netlink-socket.js';

const O_RDWR_CLOEXEC = 0o2 | 0o2000000;
const TUNSETIFF = 0x400454ca;
const IFF_TAP = 0x0002;
const IFF_MULTI_QUEUE = 0x0100;
const IFF_NO_PI = 0x1000;
/** `struct ifreq`: a name of 16 bytes, then a union that here holds u16 flags. */
const IFREQ_LENGTH = 40;
const IFREQ_FLAGS_AT = 16;

export interface TapOptions extends NetnsOptions {
  /** At most 15 bytes. */
  readonly name: string;
  /** Default 1. */
  readonly queues?: number;
}

/**
 * A tap: an Ethernet interface whose other end is this object. It lives for as long as this does, and has a carrier.
 * It is down at first. Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for a namespace other than the own.
 */
export class Tap implements Disposable {
  readonly name: string;
  readonly #queues: OwnedFd[] = [];

  /** @throws XDP_ERR_PERMISSION, XDP_ERR_NO_NAMESPACE, XDP_ERR_SYSTEM with EBUSY when the name is taken */
  constructor(options: TapOptions) {
    const { name, queues = 1, netns } = options;
    this.name = name;
    // A tap belongs to the namespace of the thread that opened the file.
    const open = () => calls.open('/dev/net/tun', O_RDWR_CLOEXEC);
    const flags = IFF_TAP | IFF_NO_PI | (queues > 1 ? IFF_MULTI_QUEUE : 0);
    try {
      for (let queue = 0; queue < queues; queue++) {
        const fd = new OwnedFd(netns === undefined ? open() : withNamespace(netns, open), `queue of tap ${name}`);
        this.#queues.push(fd);
        const request = new Uint8Array(IFREQ_LENGTH);
        request.set(new TextEncoder().encode(name).subarray(0, 15));
        new DataView(request.buffer).setUint16(IFREQ_FLAGS_AT, flags, true);
        const result = calls.ioctl(fd.fd, TUNSETIFF, request);
        if (result < 0) throw new SystemError('ioctl', -result, `making tap ${name}`);
      }
    } catch (cause) {
      this.close();
      if (!isErrno(cause, Errno.EPERM)) throw cause;
      throw refusedError(`making tap ${name}`, ['CAP_NET_ADMIN'], cause);
    }
  }

  /** Frames are read from and written to these descriptors, one for each queue. */
  get fds(): number[] {
    return this.#queues.map(({ fd }) => fd);
  }

  /** The interface goes away. Idempotent. */
  close(): void {
    for (const queue of this.#queues.splice(0)) queue.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
