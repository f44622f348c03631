import { BpfMap, mapEntry } from '../kernel/index.js';

/**
 * Waits until every run of a program that is under way has ended. The kernel promises as much to who changes a map of maps
 * (kernel/bpf/syscall.c, maybe_wait_bpf_programs); nothing else in bpf(2) does. Blocks for some 10 ms.
 */
export function waitForPrograms(): void {
  using inner = new BpfMap({ kind: 'array', name: 'xdpkit_wait', valueSize: 4, maxEntries: 1 });
  using outer = new BpfMap({ kind: 'arrayOfMaps', name: 'xdpkit_waits', maxEntries: 1, inner });
  outer.typed('u32', mapEntry).set(0, inner);
}
