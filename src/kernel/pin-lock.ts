import { calls, Errno, OwnedFd, SystemError } from '../sys/index.js';

const O_RDONLY_DIRECTORY_CLOEXEC = 0o200000 | 0o2000000;
const LOCK_EX_NB = 2 | 4;

/** The right to change pins: of one holder on the machine, until it is closed or the process ends. */
export type PinLock = OwnedFd;

/** A directory of a bpffs, for {@link tryLock}. @throws XDP_ERR_SYSTEM (ENOENT) when it is not there */
export function openForLock(path: string): PinLock {
  return new OwnedFd(calls.open(path, O_RDONLY_DIRECTORY_CLOEXEC), 'lock of pins');
}

/** @returns whether the directory is locked (flock(2)) by this descriptor now; if not, somebody else has the lock */
export function tryLock(lock: PinLock, path: string): boolean {
  const result = calls.flock(lock.fd, LOCK_EX_NB);
  if (result === 0) return true;
  if (result === -Errno.EWOULDBLOCK || result === -Errno.EINTR) return false;
  throw new SystemError('flock', -result, path);
}
