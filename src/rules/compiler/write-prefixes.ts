import { R1, R10 } from '../../ebpf/index.js';
import type { PrefixesTest } from './packet-test.js';
import { type RuleCode, Stack, type Targets } from './rule-code.js';
import { reachPlace } from './write-place.js';

/** A key of the trie: bits that count, list, address. */
export function writePrefixes(code: RuleCode, test: PrefixesTest, targets: Targets): void {
  const { map, list } = code.maps.prefixes(test.prefixes);
  const size = test.prefixes[0]!.address.length;
  const pointer = reachPlace(code, test, size, targets.no);
  code.a.store('u32', R10, Stack.setKey, 32 + 8 * size).store('u32', R10, Stack.setKey + 4, list);
  for (let at = 0; at < size; at += 4) {
    code.a.load('u32', R1, pointer, test.offset + at).store('u32', R10, Stack.setKey + 8 + at, R1);
  }
  code.lookUp(map, Stack.setKey);
  code.decideFound(targets);
}
