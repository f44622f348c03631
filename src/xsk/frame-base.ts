/**
 * The first address of the frame that an address lies in, for a frame size that is no power of two. A multiplication:
 * V8 divides whole numbers of 32 bits as floating-point ones anyway, and takes the remainder far slower. The half keeps the
 * product away from whole numbers by more than its rounding error, for every address below 4 GiB.
 *
 * @param inverse 1 / frameSize
 * @returns as an i32, which a Uint32Array turns back
 */
export function frameBase(address: number, frameSize: number, inverse: number): number {
  return Math.imul((address + 0.5) * inverse, frameSize);
}
