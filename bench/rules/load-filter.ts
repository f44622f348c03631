import { link } from 'xdpkit/ebpf';
import { BpfMap, Btf, TestRun, u32, XdpProgram } from 'xdpkit/kernel';
import { BpfObject } from 'xdpkit/object';
import { compileRuleSet, RULE_COUNTERS, type RuleSet } from 'xdpkit/rules';
import { tableKeys } from './table-keys.js';

/** A filter in the kernel, ours or that in C. */
export class LoadedFilter implements Disposable {
  readonly run: TestRun;
  readonly #counters: BpfMap | undefined;
  readonly #parts: readonly Disposable[];

  /** @param counters per CPU, an element for each rule, that begins with packets and bytes */
  constructor(program: XdpProgram, counters: BpfMap | undefined, parts: readonly Disposable[]) {
    this.run = new TestRun(program);
    this.#counters = counters;
    this.#parts = parts;
  }

  /** Packets and bytes of a rule so far. */
  counted(rule: number): { packets: bigint; bytes: bigint } {
    const map = this.#counters!;
    const numbers = new BigUint64Array(map.lookup(u32(rule))!.slice().buffer);
    const sum = { packets: 0n, bytes: 0n };
    for (let at = 0; at < numbers.length; at += map.valueSize / 8) {
      sum.packets += numbers[at]!;
      sum.bytes += numbers[at + 1]!;
    }
    return sum;
  }

  [Symbol.dispose](): void {
    for (const part of this.#parts) part[Symbol.dispose]();
  }
}

/** Compiled by us. */
export function loadRules(ruleSet: RuleSet): LoadedFilter {
  const compiled = compileRuleSet(ruleSet);
  const maps = new Map<string, BpfMap>();
  for (const shape of compiled.maps) {
    const map = new BpfMap(shape);
    maps.set(shape.name, map);
    if (shape.contents !== undefined) map.updateBatch(shape.contents.keys, shape.contents.values);
  }
  using types = compiled.types && new Btf(compiled.types.btf);
  const btf = types && { fd: types.fd, functions: compiled.types!.functions };
  const instructions = link(compiled.program, Object.fromEntries([...maps].map(([name, { fd }]) => [name, fd])));
  const program = new XdpProgram({ name: 'rules', instructions, btf });
  return new LoadedFilter(program, maps.get(RULE_COUNTERS.map), [program, ...maps.values()]);
}

/**
 * Written in C.
 *
 * @param tables which maps are filled from the rules: each with the list of the rule of that name
 */
export function loadC(path: string, ruleSet: RuleSet, tables: Readonly<Record<string, string>>): LoadedFilter {
  const object = BpfObject.open(path).load();
  for (const [table, rule] of Object.entries(tables)) {
    const map = object.maps.get(table)!;
    const { match } = ruleSet.rules.find(({ name }) => name === rule)!;
    for (const key of tableKeys(match, map.keySize)) map.update(key, Uint8Array.of(1));
  }
  return new LoadedFilter(object.program('filter'), object.maps.get('counters'), [object]);
}
