/** Memory that can be handed to a system call. */
export type Bytes = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array | BigUint64Array;

/** A file descriptor under watch on the event loop. */
export interface Watch {
  /** Ends the watch; idempotent. The descriptor must still be open. */
  close(): void;
  /** Lets the process exit although the watch is on. */
  unref(): void;
}

/**
 * Everything xdpkit asks of a foreign-function interface: libc calls with libc's own conventions (-1 and `errno()` on
 * failure), and the three things a call alone can't give. One implementation stands on koffi; a test may put a fake in
 * its place, and another FFI can become a second one.
 */
export interface Backend {
  /** Error number of the last call of this thread that failed. */
  errno(): number;

  open(path: string, flags: number, mode: number): number;
  close(fd: number): number;
  dup2(from: number, to: number): number;
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Bytes, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Bytes, length: Uint32Array): number;
  bind(fd: number, address: Bytes, length: number): number;
  getsockname(fd: number, address: Bytes, length: Uint32Array): number;
  sendto(fd: number, data: Bytes | null, length: number, flags: number, to: Bytes | null, toLength: number): number;
  /** send(fd, NULL, 0, MSG_DONTWAIT), by the shortest way there is: once for every batch of packets sent. */
  kick(fd: number): number;
  recvfrom(fd: number, data: Bytes | null, length: number, flags: number): number;
  ppoll(fds: Bytes, count: number, timeout: Bytes): number;
  ioctl(fd: number, request: number, argument: Bytes): number;
  /** Address of the new mapping, or -1. */
  mmap(address: number, length: number, protection: number, flags: number, fd: number, offset: number): number;
  munmap(address: number, length: number): number;
  madvise(address: number, length: number, advice: number): number;
  setns(fd: number, type: number): number;
  unshare(flags: number): number;
  mount(source: string, target: string, type: string | null, flags: number, data: string | null): number;
  umount2(target: string, flags: number): number;
  schedSetaffinity(pid: number, size: number, mask: Bytes): number;
  flock(fd: number, operation: number): number;
  memfdCreate(name: string, flags: number): number;
  ftruncate(fd: number, length: number): number;
  clockGettime(clock: number, time: Bytes): number;
  prlimit(pid: number, resource: number, next: Bytes | null, previous: Bytes | null): number;
  bpf(command: number, attributes: Bytes, size: number): number;

  /** An ArrayBuffer over foreign memory. Only {@link Mapping} may call this. */
  view(address: number, length: number): ArrayBuffer;
  /** Where the array's memory stands. It stays there for as long as the array is reachable. */
  addressOf(memory: Bytes | ArrayBufferLike): number;
  /** Calls back on this thread's event loop whenever the descriptor is readable. */
  watch(fd: number, onReadable: () => void): Watch;
}
