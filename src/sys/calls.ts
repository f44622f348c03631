import type { Backend, Bytes, Watch } from './backend.js';
import { SystemError } from './errors.js';
import { koffiBackend } from './koffi-backend.js';

let backend: Backend | undefined;

/** The backend in use: koffi's, loaded at the first call, unless a test has put another in its place. */
export function currentBackend(): Backend {
  backend ??= koffiBackend();
  return backend;
}

/** Replaces the backend of this thread; `undefined` brings koffi's back. For tests. */
export function useBackend(next: Backend | undefined): void {
  backend = next;
}

function check(call: string, result: number, detail?: string): number {
  if (result < 0) throw new SystemError(call, currentBackend().errno(), detail);
  return result;
}

/** Result, or the negated error number: for calls whose failure is ordinary and may happen per batch. */
function quiet(result: number): number {
  return result < 0 ? -currentBackend().errno() : result;
}

export const open = (path: string, flags: number, mode = 0): number =>
  check('open', currentBackend().open(path, flags, mode), path);

export const close = (fd: number): number => check('close', currentBackend().close(fd));

/** Has a descriptor stand for what another one does. */
export const dup2 = (from: number, to: number): number => check('dup2', currentBackend().dup2(from, to));

export const socket = (domain: number, type: number, protocol: number): number =>
  check('socket', currentBackend().socket(domain, type, protocol));

export const setsockopt = (fd: number, level: number, name: number, value: Bytes): number =>
  check('setsockopt', currentBackend().setsockopt(fd, level, name, value, value.byteLength));

/** @returns how many bytes of `value` were written */
export function getsockopt(fd: number, level: number, name: number, value: Bytes): number {
  const length = new Uint32Array([value.byteLength]);
  check('getsockopt', currentBackend().getsockopt(fd, level, name, value, length));
  return length[0]!;
}

export const bind = (fd: number, address: Bytes): number =>
  check('bind', currentBackend().bind(fd, address, address.byteLength));

/** @returns how many bytes of `address` were written */
export function getsockname(fd: number, address: Bytes): number {
  const length = new Uint32Array([address.byteLength]);
  check('getsockname', currentBackend().getsockname(fd, address, length));
  return length[0]!;
}

/** @returns bytes sent, or the negated error number */
export const sendto = (fd: number, data: Bytes | null, flags: number, to: Bytes | null = null): number =>
  quiet(currentBackend().sendto(fd, data, data?.byteLength ?? 0, flags, to, to?.byteLength ?? 0));

/** Has an AF_XDP socket transmit. @returns 0, or -1; {@link lastError} tells why, for 50 ns more */
export const kick = (fd: number): number => currentBackend().kick(fd);

/** The negated error number of this thread's last call that failed. */
export const lastError = (): number => -currentBackend().errno();

/** @returns bytes received, or the negated error number */
export const recvfrom = (fd: number, data: Bytes | null, flags: number): number =>
  quiet(currentBackend().recvfrom(fd, data, data?.byteLength ?? 0, flags));

/**
 * @param fds     `struct pollfd` records: i32 descriptor, i16 events, i16 returned events
 * @param timeout `struct timespec`: two i64
 * @returns how many descriptors are ready, or the negated error number
 */
export const ppoll = (fds: Bytes, count: number, timeout: Bytes): number =>
  quiet(currentBackend().ppoll(fds, count, timeout));

/** @returns the call's result, or the negated error number */
export const ioctl = (fd: number, request: number, argument: Bytes): number =>
  quiet(currentBackend().ioctl(fd, request, argument));

export const mmap = (
  address: number,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
): number => check('mmap', currentBackend().mmap(address, length, protection, flags, fd, offset));

export const munmap = (address: number, length: number): number =>
  check('munmap', currentBackend().munmap(address, length));

/** @returns the call's result, or the negated error number */
export const madvise = (address: number, length: number, advice: number): number =>
  quiet(currentBackend().madvise(address, length, advice));

export const setns = (fd: number, type: number): number => check('setns', currentBackend().setns(fd, type));

export const unshare = (flags: number): number => check('unshare', currentBackend().unshare(flags));

export const mount = (
  source: string,
  target: string,
  type: string | null,
  flags: number,
  data: string | null = null,
): number => check('mount', currentBackend().mount(source, target, type, flags, data), target);

export const umount2 = (target: string, flags: number): number =>
  check('umount2', currentBackend().umount2(target, flags), target);

/** Binds the calling thread to processors. */
export function setAffinity(cpus: readonly number[]): void {
  const mask = new Uint8Array(Math.max(128, ...cpus.map((cpu) => ((cpu >> 6) + 1) * 8)));
  for (const cpu of cpus) mask[cpu >> 3]! |= 1 << (cpu & 7);
  check('sched_setaffinity', currentBackend().schedSetaffinity(0, mask.length, mask), `processors ${cpus.join(',')}`);
}

/** @returns 0, or the negated error number (`EWOULDBLOCK` when somebody else holds the lock) */
export const flock = (fd: number, operation: number): number => quiet(currentBackend().flock(fd, operation));

/** @returns a descriptor of anonymous memory of `length` bytes */
export function memfd(name: string, length: number): number {
  const fd = check('memfd_create', currentBackend().memfdCreate(name, MFD_CLOEXEC));
  const result = currentBackend().ftruncate(fd, length);
  if (result < 0) {
    const error = new SystemError('ftruncate', currentBackend().errno());
    close(fd);
    throw error;
  }
  return fd;
}
const MFD_CLOEXEC = 1;

/** Seconds and nanoseconds of a clock (0 realtime, 1 monotonic). */
export function clockGettime(clock: number): { seconds: number; nanoseconds: number } {
  check('clock_gettime', currentBackend().clockGettime(clock, time));
  return { seconds: Number(time[0]), nanoseconds: Number(time[1]) };
}
const time = new BigUint64Array(2);

/** Soft and hard limit of a resource of this process; `Infinity` when there is none. */
export function getrlimit(resource: number): { soft: number; hard: number } {
  const limits = new BigUint64Array(2);
  check('prlimit', currentBackend().prlimit(0, resource, null, limits));
  const number = (value: bigint) => (value === 0xffff_ffff_ffff_ffffn ? Number.POSITIVE_INFINITY : Number(value));
  return { soft: number(limits[0]!), hard: number(limits[1]!) };
}

/** bpf(2). @returns the call's result (a descriptor for most commands), or the negated error number */
export const bpf = (command: number, attributes: Bytes): number =>
  quiet(currentBackend().bpf(command, attributes, attributes.byteLength));

export const addressOf = (memory: Bytes | ArrayBufferLike): number => currentBackend().addressOf(memory);

/** Calls back on the event loop whenever the descriptor is readable. */
export const watch = (fd: number, onReadable: () => void): Watch => currentBackend().watch(fd, onReadable);
