/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. Places are byte offsets into the memory.
 */

/** Copies sixteen bytes at a time, and so up to fifteen too many: behind what is copied there is room on both sides. */
export function copy(to: u32, from: u32, length: u32): void {
  for (let i: u32 = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}
