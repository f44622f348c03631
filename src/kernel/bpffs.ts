import { existsSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { calls, Errno, isErrno, refusedError, XdpError } from '../sys/index.js';

/** Where everybody expects it: systemd mounts it there, and so does bpftool. */
const MOUNT_POINT = '/sys/fs/bpf';
const BPF_FS_MAGIC = 0xcafe4a11;

/**
 * The path of the machine's bpffs, where objects of bpf(2) have names. It is mounted at /sys/fs/bpf where it is not yet.
 *
 * A process under `ip netns exec` has a /sys of its own, without a bpffs. What it mounted there would end with it, and all pins
 * with that: so the way goes through the root of the nearest ancestor that sees the bpffs, and the path is good as long
 * as that lives.
 *
 * @throws XDP_ERR_PLATFORM when a mount would not last, XDP_ERR_PERMISSION
 */
export function bpffs(): string {
  if (isBpffs(MOUNT_POINT)) return MOUNT_POINT;
  const roots = [...ancestors()].map((pid) => `/proc/${pid}/root`);
  const visible = roots.map((root) => `${root}${MOUNT_POINT}`).find(isBpffs);
  if (visible !== undefined) return visible;
  if (ownMountNamespace()) {
    throw new XdpError(
      'XDP_ERR_PLATFORM',
      `no bpffs is mounted, and what is mounted here would end with this process`,
      {
        advice: `outside of ip netns exec, or of the container: mount -t bpf bpf ${MOUNT_POINT}`,
      },
    );
  }
  if (!existsSync(MOUNT_POINT)) {
    throw new XdpError(
      'XDP_ERR_PLATFORM',
      `there is no ${MOUNT_POINT}: this kernel has no bpffs, or /sys is not mounted`,
    );
  }
  try {
    calls.mount('bpf', MOUNT_POINT, 'bpf', 0, 'mode=0700');
  } catch (error) {
    if (!isErrno(error, Errno.EPERM)) throw error;
    throw refusedError(`mounting a bpffs at ${MOUNT_POINT}`, ['CAP_SYS_ADMIN'], error);
  }
  return MOUNT_POINT;
}

function isBpffs(path: string): boolean {
  try {
    return statfsSync(path).type === BPF_FS_MAGIC;
  } catch {
    // It is not there, or it is in the root of a process that we may not look at.
    return false;
  }
}

/** Parent, its parent, and so on, as far as /proc tells. */
function* ancestors(): Generator<number> {
  for (let pid = parentOf('self'); pid > 0; pid = parentOf(pid)) yield pid;
}

function parentOf(pid: number | 'self'): number {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Whether this process, or one that it comes from, was given mounts apart from its parent's. */
function ownMountNamespace(): boolean {
  const own = mountNamespace('self');
  return [...ancestors()].map(mountNamespace).some((other) => other !== undefined && other !== own);
}

function mountNamespace(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}
