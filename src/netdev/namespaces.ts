import { closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import {
  calls,
  Errno,
  isErrno,
  NETNS_DIRECTORY,
  namespacePath,
  OwnedFd,
  refusedError,
  withNamespace,
  XdpError,
} from '../sys/index.js';

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_SHARED = 1 << 20;
const MNT_DETACH = 2;
const LOCK_EX = 2;
const O_RDONLY_DIRECTORY_CLOEXEC = 0o200000 | 0o2000000;

/** Names of the network namespaces that `ip netns` and xdpkit made, sorted. */
export function listNamespaces(): string[] {
  if (!existsSync(NETNS_DIRECTORY)) return [];
  return readdirSync(NETNS_DIRECTORY).sort();
}

/**
 * Makes a named network namespace, just as `ip netns add` does: a file under /run/netns with the namespace mounted on
 * it, which keeps it alive without any process inside. Needs CAP_SYS_ADMIN.
 *
 * @throws XDP_ERR_USAGE when the name is taken or can't be a file name, XDP_ERR_PERMISSION
 */
export function createNamespace(name: string): void {
  const path = checkedPath(name);
  withPermissionAdvice(() => {
    shareDirectory();
    try {
      closeSync(openSync(path, 'wx', 0));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      throw new XdpError('XDP_ERR_USAGE', `there is a network namespace ${name} already`, { cause });
    }
    try {
      mountNewNamespace(path);
    } catch (error) {
      unlinkSync(path);
      throw error;
    }
  });
}

/**
 * Takes a network namespace's name away. It ends when its last process and socket do; physical interfaces in it go back
 * to the first namespace. Needs CAP_SYS_ADMIN.
 *
 * @throws XDP_ERR_NO_NAMESPACE, XDP_ERR_PERMISSION
 */
export function deleteNamespace(name: string): void {
  const path = checkedPath(name);
  if (!existsSync(path)) throw new XdpError('XDP_ERR_NO_NAMESPACE', `there is no network namespace ${name}`);
  withPermissionAdvice(() => {
    try {
      calls.umount2(path, MNT_DETACH);
    } catch (error) {
      // A file that nothing is mounted on: what an interrupted creation leaves behind.
      if (!isErrno(error, Errno.EINVAL)) throw error;
    }
    unlinkSync(path);
  });
}

/** A number that is the same for two paths exactly if they lead to the same namespace. */
export function namespaceIdentity(nameOrPath: string): string {
  const { dev, ino } = statSync(namespacePath(nameOrPath), { bigint: true });
  return `${dev}:${ino}`;
}

/**
 * Only the calling thread leaves its namespace, and only between two system calls: Node's other threads and its event
 * loop never see the new one. withNamespace brings it home, whatever happens.
 */
function mountNewNamespace(path: string): void {
  withNamespace('/proc/thread-self/ns/net', () => {
    calls.unshare(CLONE_NEWNET);
    calls.mount('/proc/thread-self/ns/net', path, 'none', MS_BIND);
  });
}

/**
 * Makes the directory a shared mount, as `ip netns` does, so that a namespace deleted here is unmounted in every mount
 * namespace, and not kept alive by a copy there. The lock keeps two first callers (`ip netns` takes it too) from
 * stacking the mount twice.
 */
function shareDirectory(): void {
  mkdirSync(NETNS_DIRECTORY, { recursive: true, mode: 0o755 });
  using lock = new OwnedFd(calls.open(NETNS_DIRECTORY, O_RDONLY_DIRECTORY_CLOEXEC), 'lock on network namespaces');
  while (calls.flock(lock.fd, LOCK_EX) === -Errno.EINTR);
  try {
    calls.mount('', NETNS_DIRECTORY, 'none', MS_SHARED | MS_REC);
  } catch (error) {
    // It is no mount point yet, so it becomes one.
    if (!isErrno(error, Errno.EINVAL)) throw error;
    calls.mount(NETNS_DIRECTORY, NETNS_DIRECTORY, 'none', MS_BIND | MS_REC);
    calls.mount('', NETNS_DIRECTORY, 'none', MS_SHARED | MS_REC);
  }
}

function checkedPath(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || Buffer.byteLength(name) > 255) {
    throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(name)} can't be the name of a network namespace`);
  }
  return namespacePath(name);
}

function withPermissionAdvice(run: () => void): void {
  try {
    run();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (!isErrno(cause, Errno.EPERM, Errno.EACCES) && code !== 'EPERM' && code !== 'EACCES') throw cause;
    throw refusedError('making and deleting network namespaces', ['CAP_SYS_ADMIN'], cause);
  }
}
