import { calls, OwnedFd } from '../../dist/sys/index.js';

const AF_XDP = 44;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_XDP = 283;
const XDP_RX_RING = 2;

/** A socket on no queue, to put into an XSKMAP: Linux 7.2 takes none there that can't receive (ENOBUFS). */
export function unboundSocket(): OwnedFd {
  const socket = new OwnedFd(calls.socket(AF_XDP, SOCK_RAW_CLOEXEC, 0), 'AF_XDP socket of a test');
  calls.setsockopt(socket.fd, SOL_XDP, XDP_RX_RING, new Uint32Array([64]));
  return socket;
}
