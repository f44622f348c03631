/**
 * Nanoseconds of CLOCK_MONOTONIC: what frames are stamped with, and bpf_ktime_get_ns gives. Above 2^53 (104 days after
 * the start of the machine) it is rounded to 2. Some 100 ns, and a BigInt on the heap: once a batch.
 */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint());
}
