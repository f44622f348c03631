import { calls, Errno, isErrno, refusedError, XdpError } from '../sys/index.js';
import { SO_BUSY_POLL, SO_BUSY_POLL_BUDGET, SO_PREFER_BUSY_POLL, SOL_SOCKET } from './abi.js';

/**
 * Microseconds that a call that may wait would poll the driver. AF_XDP calls don't wait, and poll once; but above 0 it has to
 * be (sk_can_busy_loop in include/net/busy_poll.h).
 */
const PATIENCE = 20;

/**
 * Has the driver's work for this queue done in the calls of whoever owns the socket, instead of in interrupts
 * (Documentation/networking/af_xdp.rst, napi.rst "Busy polling").
 *
 * @param budget packets that one call may take in, 1 to 65535
 * @throws XDP_ERR_USAGE, XDP_ERR_PERMISSION, XDP_ERR_PLATFORM before Linux 5.11
 */
export function preferBusyPoll(fd: number, budget: number): void {
  if (!Number.isInteger(budget) || budget < 1 || budget > 0xffff) {
    throw new XdpError('XDP_ERR_USAGE', `a busy poll takes in 1 to 65535 packets, not ${budget}`);
  }
  const set = (option: number, value: number) => calls.setsockopt(fd, SOL_SOCKET, option, new Uint32Array([value]));
  try {
    set(SO_PREFER_BUSY_POLL, 1);
    set(SO_BUSY_POLL, PATIENCE);
    set(SO_BUSY_POLL_BUDGET, budget);
  } catch (cause) {
    if (isErrno(cause, Errno.EPERM)) throw refusedError('busy polling', ['CAP_NET_ADMIN'], cause);
    if (!isErrno(cause, Errno.ENOPROTOOPT)) throw cause;
    throw new XdpError('XDP_ERR_PLATFORM', 'this kernel has no busy polling that sockets prefer', {
      cause,
      advice: 'leave busy polling out, or use Linux 5.11 or later',
    });
  }
}
