import * as calls from './calls.js';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_POPULATE = 0x8000;

/**
 * Maps `length` bytes of a descriptor, shared and populated.
 *
 * @param at where, in the place of what is there; 0: where the kernel likes
 * @returns the address
 */
export function mapShared(at: number, length: number, fd: number, offset: number): number {
  const flags = MAP_SHARED | MAP_POPULATE | (at === 0 ? 0 : MAP_FIXED);
  return calls.mmap(at, length, PROT_READ_WRITE, flags, fd, offset);
}

/** Maps zeroed memory, populated. @returns the address */
export function mapAnonymous(length: number): number {
  return calls.mmap(0, length, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

/** Lays zeros over what is mapped, which is let go; they take memory only where they are written to. */
export function clearMapped(at: number, length: number): void {
  calls.mmap(at, length, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}
