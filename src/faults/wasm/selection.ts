/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. Places are byte offsets into the memory.
 */

/** Lists the packets that are not dropped. @returns how many */
export function listKept(egress: u32, count: u32, list: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(list + (kept << 2), i);
    kept += ~load<i32>(egress + (i << 2)) >>> 31;
  }
  return kept;
}
