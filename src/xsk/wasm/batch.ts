/*
 * AssemblyScript: see rings.ts. Over the arrays of a batch.
 */

/** Moves the frames from `from` on whose egress is not below `least` together. @returns how many there are in all */
export function sift(
  addresses: u32,
  lengths: u32,
  options: u32,
  egress: u32,
  marks: u32,
  classes: u32,
  from: u32,
  count: u32,
  least: i32,
): u32 {
  let kept = from << 2;
  for (let i = from << 2; i < count << 2; i += 4) {
    const port = load<i32>(egress + i);
    store<u32>(addresses + kept, load<u32>(addresses + i));
    store<u32>(lengths + kept, load<u32>(lengths + i));
    store<u32>(options + kept, load<u32>(options + i));
    store<u32>(marks + kept, load<u32>(marks + i));
    store<i32>(egress + kept, port);
    store<u8>(classes + (kept >> 2), load<u8>(classes + (i >> 2)));
    kept += (<u32>(port >= least)) << 2;
  }
  return kept >> 2;
}
